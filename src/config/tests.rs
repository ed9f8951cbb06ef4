use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A folder of its own for each test, with what the cases need in it.
struct Place {
    root: tempfile::TempDir,
}

type Variables<'v> = &'v [(&'v str, &'v str)];

impl Place {
    fn new() -> Place {
        let root = tempfile::Builder::new().prefix("house").tempdir().unwrap();
        for folder in ["films", "talks", "other/films", ".hidden", "reelgate-data", "films/inner"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("a.mp4"), b"").unwrap();
        Place { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(name)
    }

    fn serve(&self, dirs: &[&str]) -> ServeArgs {
        ServeArgs { dirs: dirs.iter().map(|dir| self.path(dir)).collect(), ..ServeArgs::default() }
    }

    /// Loads with this file and the data folder beside it, whatever this machine has in /etc.
    fn load(&self, toml: &str, serve: &ServeArgs, variables: Variables) -> Result<Config, ConfigError> {
        let file = self.path("reelgate.toml");
        fs::write(&file, toml).unwrap();
        let data = self.path("reelgate-data").display().to_string();
        let variables = [&[("REELGATE_DATA", data.as_str())], variables].concat();
        Config::load(&ConfigArgs { data: None, config: Some(file) }, serve, variables)
    }

    fn toml(&self, toml: &str) -> Result<Config, ConfigError> {
        self.load(toml, &ServeArgs::default(), &[])
    }
}

#[track_caller]
fn refused(result: Result<Config, ConfigError>, wanted: &[&str], why: &str) {
    let text = result.expect_err(why).to_string();
    for part in wanted {
        assert!(text.contains(part), "{why}: {part:?} is not in\n{text}");
    }
}

#[test]
fn defaults() {
    let config = Place::new().toml("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.log, LogFormat::Json);
    assert!(config.libraries.is_empty() && config.trusted_proxies.is_empty());
    assert!(config.public_url.is_none() && config.legacy_route.is_none());
}

#[cfg(feature = "tls")]
#[test]
fn every_key_can_stand_in_the_file() {
    let place = Place::new();
    let toml = r#"
        listen = "[::1]:9000"
        public_url = "https://video.example.org"
        tls_cert = "cert.pem"
        tls_key = "/etc/key.pem"
        admin_password_file = "password"
        legacy_route = "cinema"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        embed_origins = ["https://www.example.org", "http://localhost:3000"]
        cors_origins = "https://WWW.example.org"
        scan_interval = "2h"
        zero_copy = "on"
        log_format = "text"
        data = "state"
        [limits]
        head_bytes = "16KiB"
        headers = 100
        uri_bytes = 4096
        head_timeout = "5s"
        idle_timeout = "1m"
        stream_timeout = "90s"
        max_connections = 1_000
        drain_timeout = "1s"
        cold_reads = 8
        open_timeout = "500ms"
        [library.cinema]
        path = "films"
        repair = true
    "#;
    fs::write(place.path("reelgate.toml"), toml).unwrap();
    fs::write(place.path("password"), "").unwrap();
    let args = ConfigArgs { data: None, config: Some(place.path("reelgate.toml")) };
    let config = Config::load(&args, &ServeArgs::default(), NO_ENVIRONMENT).unwrap();

    assert_eq!(config.libraries, [library("cinema", place.path("films"), true)]);
    assert_eq!(config.admin_password_file, Some(place.path("password")), "relative to the file");
    assert_eq!(config.data, place.path("state"), "relative to the file");
    assert_eq!(config.tls.as_ref().unwrap().cert, place.path("cert.pem"), "likewise");
    let settings: Vec<String> =
        config.settings().map(|setting| format!("{}={}", setting.key, setting.value)).collect();
    assert!(config.settings().all(|setting| matches!(setting.source, Source::File { .. })));
    for setting in [
        "listen=[::1]:9000",
        "public_url=https://video.example.org/",
        "tls_key=/etc/key.pem",
        "legacy_route=cinema",
        "trusted_proxies=10.0.0.0/8, ::1",
        "embed_origins=https://www.example.org, http://localhost:3000",
        "cors_origins=https://www.example.org",
        "scan_interval=2h",
        "zero_copy=on",
        "log_format=text",
        "limits.head_bytes=16KiB",
        "limits.headers=100",
        "limits.uri_bytes=4KiB",
        "limits.head_timeout=5s",
        "limits.idle_timeout=1m",
        "limits.stream_timeout=1m 30s",
        "limits.max_connections=1000",
        "limits.drain_timeout=1s",
        "limits.cold_reads=8",
        "limits.open_timeout=500ms",
    ] {
        assert!(settings.iter().any(|found| found == setting), "{setting} is not in {settings:#?}");
    }
}

fn library(name: &str, path: PathBuf, named: bool) -> LibraryConfig {
    LibraryConfig { name: name.to_owned(), path, named, repair: true }
}

#[test]
fn a_flag_beats_the_environment_and_that_the_file() {
    let place = Place::new();
    let file = "listen = \"127.0.0.1:1\"";
    let flag = ServeArgs { listen: Some("127.0.0.1:3".to_owned()), ..ServeArgs::default() };
    let none = ServeArgs::default();
    let cases: [(&str, &ServeArgs, Variables, u16, &str); 5] = [
        ("", &none, &[], 8080, "default"),
        (file, &none, &[], 1, "reelgate.toml:1"),
        (file, &none, &[("REELGATE_LISTEN", "127.0.0.1:2")], 2, "environment REELGATE_LISTEN"),
        (file, &flag, &[("REELGATE_LISTEN", "127.0.0.1:2")], 3, "flag --listen"),
        (file, &none, &[("REELGATE_LISTEN", "")], 1, "reelgate.toml:1"),
    ];
    for (file, serve, variables, port, source) in cases {
        let config = place.load(file, serve, variables).unwrap();
        assert_eq!(config.listen.port(), port);
        let from = config.settings().find(|setting| setting.key == "listen").unwrap().source;
        assert!(from.to_string().ends_with(source), "{from} is not {source}");
    }
}

#[cfg(feature = "tls")]
#[test]
fn every_flag_reaches_its_setting() {
    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        args: ConfigArgs,
        #[command(flatten)]
        serve: ServeArgs,
    }
    let place = Place::new();
    let (films, data) = (place.path("films"), place.path("state"));
    let line = "--listen 127.0.0.1:0 --public-url http://a.example --legacy-route films --trusted-proxy 10.0.0.1 \
                --trusted-proxy fd00::/8 --scan-interval 1m --drain-timeout 2s --max-connections 5 --log-format text \
                --tls-cert cert.pem --tls-key key.pem --embed-origin http://a.example --embed-origin http://b.example \
                --cors-origin http://c.example";
    let words = ["reelgate", films.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let typed = <Typed as clap::Parser>::parse_from(words.into_iter().chain(line.split_whitespace()));
    let file = place.path("reelgate.toml");
    fs::write(&file, "").unwrap();
    let config =
        Config::load(&typed.args, &typed.serve, [("REELGATE_CONFIG", file.to_str().unwrap())]).unwrap();
    assert_eq!(config.data, data);
    assert_eq!(config.file, Some(file));
    assert_eq!(config.libraries, [library("films", films, false)]);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!((config.embed_origins.len(), config.cors_origins.len()), (2, 1));
    assert_eq!(config.limits.max_connections, 5);
    let from_flags = config.settings().filter(|setting| matches!(setting.source, Source::Flag(_))).count();
    assert_eq!(from_flags, 14);
}

#[cfg(feature = "tls")]
#[test]
fn every_variable_reaches_its_setting() {
    let place = Place::new();
    let password = place.path("password");
    fs::write(&password, "").unwrap();
    let values = [
        "127.0.0.1:0",
        "state",
        "http://a.example",
        "cert.pem",
        "key.pem",
        password.to_str().unwrap(),
        "films",
        "10.0.0.1",
        "https://a.example",
        "https://a.example,https://b.example",
        "1m",
        "on",
        "text",
        "16KiB",
        "50",
        "1KiB",
        "1s",
        "1s",
        "1s",
        "5",
        "1s",
        "5",
        "1s",
    ];
    let mut variables: Vec<(String, String)> =
        keys::KEYS.iter().zip(values).map(|(key, value)| (keys::variable(key), value.to_owned())).collect();
    let folders = format!("{}::{}", place.path("films").display(), place.path("talks").display());
    variables.push(("REELGATE_LIBRARIES".to_owned(), folders));
    variables.push(("PATH".to_owned(), "/bin".to_owned()));
    let config = Config::load(&ConfigArgs::default(), &ServeArgs::default(), variables).unwrap();
    assert_eq!(config.libraries.len(), 2);
    let from_variables = config.settings().filter(|setting| matches!(setting.source, Source::Environment(_)));
    assert_eq!(from_variables.count(), keys::KEYS.len() + 2);
}

#[test]
fn unknown_names_get_a_suggestion() {
    let place = Place::new();
    let files: [(&str, &[&str], &str); 6] = [
        ("\nlisen = \"x\"", &["lisen (", "reelgate.toml:2)", "`listen`?"], "top level"),
        (
            "[limits]\nhead_timout = \"1s\"",
            &["limits.head_timout", ":2)", "`limits.head_timeout`?"],
            "limits",
        ),
        ("head_timeout = \"1s\"", &["`limits.head_timeout`?"], "the wrong table"),
        ("[library.a]\npaht = \"films\"", &["library.a.paht", ":2)", "`path`?"], "a library"),
        ("[librarys.a]\npath = \"films\"", &["librarys", ":1)"], "a table"),
        ("zzzz = 1", &["known are: listen, data"], "nothing near"),
    ];
    for (toml, wanted, why) in files {
        refused(place.toml(toml), wanted, why);
    }
    let variables: [(&str, &str); 2] = [
        ("REELGATE_LISEN", "`REELGATE_LISTEN`?"),
        ("REELGATE_HEAD_TIMEOUT", "`REELGATE_LIMITS_HEAD_TIMEOUT`?"),
    ];
    for (name, wanted) in variables {
        refused(place.load("", &ServeArgs::default(), &[(name, "x")]), &[name, wanted], "a variable");
    }
}

#[test]
fn what_kubernetes_adds_is_not_ours() {
    let variables = [
        ("REELGATE_PORT", "tcp://10.0.0.1:80"),
        ("REELGATE_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("REELGATE_SERVICE_HOST", "10.0.0.1"),
    ];
    assert!(Place::new().load("", &ServeArgs::default(), &variables).is_ok());
}

#[test]
fn wrong_values_name_their_place_and_a_cure() {
    let place = Place::new();
    let cases: [(&str, &[&str], &str); 35] = [
        ("listen = \"8080\"", &["listen (", ":1)", "127.0.0.1:8080"], "no address"),
        ("listen = \"localhost:80\"", &["in numbers"], "a name"),
        ("listen = true", &["of the kind boolean", "text in quotes"], "the wrong kind"),
        ("public_url = \"video.example.org\"", &["not a URL", "https://"], "no scheme"),
        ("public_url = \"ftp://a.example\"", &["only http"], "the wrong scheme"),
        ("public_url = \"https://u:p@a.example\"", &["password does not belong"], "a credential"),
        ("public_url = \"https://a.example/?x\"", &["a query"], "a query"),
        ("public_url = \"https://a.example/v\"", &["a path"], "a path"),
        ("trusted_proxies = \"10.0.0.1/8\"", &["10.0.0.0/8"], "bits beyond the prefix"),
        ("trusted_proxies = [\"0.0.0.0/0\"]", &["anybody"], "everybody"),
        ("trusted_proxies = [\"proxy\"]", &["neither"], "a name"),
        ("admin_password_file = \"nowhere\"", &["No such file", "password alone"], "no file"),
        ("admin_password_file = \"films\"", &["not a file"], "a folder"),
        ("embed_origins = \"*\"", &["embed_origins (", ":1)", "name each origin"], "everybody"),
        ("embed_origins = \"http://[::1]:80\"", &["give the machine a name"], "what no policy can name"),
        (
            "cors_origins = [\"https://a.example/\"]",
            &["ends with a slash", "https://www.example.org"],
            "a slash",
        ),
        ("cors_origins = \"https://a.example/v\"", &["it has a path"], "a path"),
        ("cors_origins = \"www.example.org\"", &["is no origin", "write scheme, host"], "no scheme"),
        ("cors_origins = [\"https://ada:pw@a.example\"]", &["password does not belong"], "a credential"),
        ("cors_origins = [\"null\"]", &["everything that has none"], "nobody"),
        ("scan_interval = 30", &["\"30\" is not a duration", "30s"], "no unit"),
        ("scan_interval = \"0s\"", &["out of bounds", "from 1s to"], "never stops"),
        ("zero_copy = \"yes\"", &["auto, on or off"], "a third word"),
        ("log_format = \"xml\"", &["json or text"], "an unknown form"),
        ("legacy_route = \"films\"", &["no library is called", "folder to serve"], "no library at all"),
        ("[limits]\nhead_bytes = \"1KiB\"", &["from 8KiB to 1MiB"], "less than hyper's buffer"),
        ("[limits]\nuri_bytes = \"64KiB\"", &["limits.uri_bytes (", "does not fit"], "longer than the head"),
        ("[limits]\nhead_bytes = \"8KiB\"\nuri_bytes = \"8KiB\"\nheaders = 0", &["from 8 to"], "no headers"),
        ("[limits]\nmax_connections = 0", &[":2)", "from 1 to 1000000"], "nobody may come"),
        ("[limits]\nmax_connections = -1", &["not a number"], "negative"),
        ("[limits]\nhead_timeout = \"0s\"", &["from 1ms to 1day"], "no time at all"),
        ("[limits]\nopen_timeout = \"2d\"", &["out of bounds"], "for ever"),
        ("limits = 3", &["a table, [limits]"], "not a table"),
        ("listen = \"a\"\nlisten = \"b\"", &["not TOML", "reelgate.toml:2)"], "twice"),
        ("listen = ", &["not TOML", ":1)"], "no value"),
    ];
    for (toml, wanted, why) in cases {
        refused(place.toml(toml), wanted, why);
    }
}

#[cfg(feature = "tls")]
#[test]
fn certificate_and_key_come_together() {
    let place = Place::new();
    let no_key = &["tls_cert (", ":1)", "tls_key is missing", "--tls-key"];
    refused(place.toml("tls_cert = \"c\""), no_key, "a certificate alone");
    let no_certificate = &["tls_key (", ":1)", "tls_cert is missing", "--tls-cert"];
    refused(place.toml("tls_key = \"k\""), no_certificate, "a key alone");
}

/// Never HTTP where somebody asked for HTTPS.
#[cfg(not(feature = "tls"))]
#[test]
fn without_the_feature_https_is_refused() {
    let files = "tls_cert = \"c\"\ntls_key = \"k\"";
    refused(Place::new().toml(files), &["tls_cert (", "without HTTPS"], "both files");
}

#[test]
fn a_library_is_called_by_its_folder_unless_the_file_names_it() {
    let place = Place::new();
    symlink(place.path("films"), place.path("link")).unwrap();
    let named = "[library.cinema]\npath = \"films\"";
    let cases = [
        ("", "films", library("films", place.path("films"), false), "the folder's last name"),
        ("", "films/", library("films", place.path("films"), false), "a slash behind"),
        ("", "films/inner/..", library("films", place.path("films"), false), "back up again"),
        ("", "link", library("link", place.path("films"), false), "a link's own name"),
        (named, "films", library("cinema", place.path("films"), true), "the file's name for an argument"),
        (named, "link", library("cinema", place.path("films"), true), "the same through a link"),
        (
            named,
            "talks",
            library("talks", place.path("talks"), false),
            "arguments replace the file's folders",
        ),
    ];
    for (toml, dir, want, why) in cases {
        let config = place.load(toml, &place.serve(&[dir]), &[]).unwrap();
        assert_eq!(config.libraries, [want], "{why}");
    }
}

#[test]
fn folders_that_cannot_be_served() {
    let place = Place::new();
    let arguments: [(&[&str], &[&str], &str); 7] = [
        (&["nowhere"], &["argument DIR", "does not exist"], "no such folder"),
        (&["a.mp4"], &["is not a folder"], "a file"),
        (&["films", "other/films"], &["is called \"films\" as well", "[library.NAME]"], "one name for two"),
        (&["films", "films"], &["as well"], "twice the same"),
        (&[".hidden"], &["begins with a dot"], "a hidden one"),
        (&["."], &["reelgate-data lies inside", "--data"], "the database would be served"),
        (&["reelgate-data"], &["lies inside"], "the data folder itself"),
    ];
    for (dirs, wanted, why) in arguments {
        refused(place.load("", &place.serve(dirs), &[]), wanted, why);
    }
    let files: [(&str, &[&str], &str); 6] = [
        ("[library.\"a/b\"]\npath = \"films\"", &["library.a/b (", ":1)", "a slash"], "a slash in the name"),
        ("[library.\"a\\nb\"]\npath = \"films\"", &["a control character"], "a line break in the name"),
        ("[library.\" a\"]\npath = \"films\"", &["a space"], "a space before the name"),
        ("[library.\"\"]\npath = \"films\"", &["is empty"], "no name"),
        ("[library.a]", &["library.a (", "it has no path"], "no path"),
        ("[library.a]\npath = 3", &["a path in quotes"], "a number"),
    ];
    for (toml, wanted, why) in files {
        refused(place.toml(toml), wanted, why);
    }
    let near = "legacy_route = \"flims\"\n[library.films]\npath = \"films\"";
    refused(place.toml(near), &["legacy_route (", ":1)", "`films`?"], "a route to no library");
}

#[test]
fn the_data_folder_is_seen_through_links() {
    let place = Place::new();
    symlink(place.path("films/inner"), place.path("elsewhere")).unwrap();
    let cases = [
        ("elsewhere", "lies inside", "a link into a library"),
        ("elsewhere/new", "lies inside", "a folder to be made behind the link"),
        ("missing/../films/d", "`..`", "a way back that cannot be followed yet"),
        ("a.mp4", "not a folder", "a file"),
    ];
    for (data, wanted, why) in cases {
        let args = ConfigArgs { data: Some(place.path("reelgate-data").with_file_name(data)), config: None };
        refused(Config::load(&args, &place.serve(&["films"]), NO_ENVIRONMENT), &[wanted], why);
    }
}

#[test]
fn the_data_folder_is_found_without_the_libraries() {
    let place = Place::new();
    fs::write(place.path("reelgate.toml"), "data = \"state\"\n[library.a]\npath = \"unmounted\"").unwrap();
    let args = ConfigArgs { data: None, config: Some(place.path("reelgate.toml")) };
    assert_eq!(Config::data_folder(&args, NO_ENVIRONMENT).unwrap(), place.path("state"));
    assert!(Config::load(&args, &ServeArgs::default(), NO_ENVIRONMENT).is_err());
}

#[test]
fn the_first_file_that_exists_is_read() {
    let place = Place::new();
    fs::write(place.path("one.toml"), "listen = \"127.0.0.1:1\"").unwrap();
    fs::write(place.path("two.toml"), "listen = \"127.0.0.1:2\"").unwrap();
    let places = ["none.toml", "two.toml", "one.toml"].map(|name| place.path(name).display().to_string());
    let read = |places: &[&str]| file::read(None, places).map(|raw| raw.file);

    let [none, two, one] = places.each_ref().map(String::as_str);
    assert_eq!(read(&[none, two, one]).unwrap(), Some(PathBuf::from(two)));
    assert_eq!(read(&[none]).unwrap(), None);
    assert!(read(&[place.path("films").to_str().unwrap(), one]).is_err(), "a folder is no file to pass over");
    let missing = ConfigArgs { data: None, config: Some(none.into()) };
    refused(
        Config::load(&missing, &ServeArgs::default(), NO_ENVIRONMENT),
        &["flag --config", "cannot be read"],
        "a file that was named must exist",
    );
}

#[test]
fn a_name_that_is_not_utf_8_is_refused_and_not_mangled() {
    use std::os::unix::ffi::OsStringExt;
    let place = Place::new();
    let odd = place.root.path().join(OsString::from_vec(b"caf\xe9".to_vec()));
    fs::create_dir(&odd).unwrap();
    let serve = ServeArgs { dirs: vec![odd.clone()], ..ServeArgs::default() };
    refused(place.load("", &serve, &[]), &["is not UTF-8"], "a URL could not name it");
    let args = ConfigArgs { data: Some(odd.clone()), config: None };
    let data = Config::data_folder(&args, NO_ENVIRONMENT).unwrap();
    assert_eq!(data.file_name(), odd.file_name(), "a data folder may be called anything");
}
