//! nginx and Caddy on ports of their own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::eventually;

/// A proxy on a port of its own; killed when dropped.
pub struct Proxy {
    pub name: &'static str,
    pub address: SocketAddr,
    pub folder: TempDir,
    child: Child,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            eprintln!("{} said:\n{log}", self.name);
        }
    }
}

impl Proxy {
    pub fn start(name: &'static str, make: impl Fn(&Path, SocketAddr) -> Command) -> Proxy {
        let folder = tempfile::Builder::new().prefix("reelgate-proxy-").tempdir().unwrap();
        // Free a moment ago; neither program can be asked which port it has got.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = make(folder.path(), address);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} is needed: {error}"));
        let proxy = Proxy { name, address, folder, child };
        eventually(name, Duration::from_secs(10), || TcpStream::connect(address).ok());
        proxy
    }
}

/// nginx with what stands in its `http` block.
pub fn nginx(folder: &Path, site: &str) -> Command {
    let folder_text = folder.to_str().unwrap();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder_text}/{kind};\n"));
    let text = format!(
        "daemon off;\nmaster_process off;\npid {folder_text}/pid;\nerror_log stderr;\n\
         events {{}}\nhttp {{\n{}{site}}}\n",
        temporary.concat()
    );
    fs::write(folder.join("whole.conf"), text).unwrap();
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-p"]).arg(folder).arg("-c").arg(folder.join("whole.conf"));
    command
}

/// Caddy with these sites.
pub fn caddy(folder: &Path, sites: &str) -> Command {
    fs::write(folder.join("Caddyfile"), format!("{{\n\tadmin off\n}}\n{sites}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(variable, folder);
    }
    command
}
