//! The flags. They are kept as text: one parser serves flag, variable and file, and gives one kind of error.

use std::path::PathBuf;

/// Flags that every command has.
#[derive(clap::Args, Debug, Default, Clone)]
pub struct ConfigArgs {
    /// Folder of the database, the keys and the cache [default: ./reelgate-data]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,

    /// Configuration file [default: ./reelgate.toml, else /etc/reelgate/reelgate.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// What `serve` takes.
#[derive(clap::Args, Debug, Default, Clone)]
pub struct ServeArgs {
    /// Folders to serve, each a library called by the folder's last name
    #[arg(value_name = "DIR")]
    pub dirs: Vec<PathBuf>,

    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,

    /// What people type to reach this server, such as `https://video.example.org`
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Speak HTTPS with this certificate, the chain behind it in the same file (PEM)
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Answer /private/files/download/ from this library
    #[arg(long, value_name = "LIBRARY")]
    pub legacy_route: Option<String>,

    /// Believe X-Forwarded-For from this address or network (may be repeated)
    #[arg(long = "trusted-proxy", value_name = "CIDR")]
    pub trusted_proxies: Vec<String>,

    /// Let pages of this origin show /embed/ID in a frame (may be repeated)
    #[arg(long = "embed-origin", value_name = "ORIGIN")]
    pub embed_origins: Vec<String>,

    /// Let scripts of pages of this origin read media, such as a canvas (may be repeated)
    #[arg(long = "cors-origin", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,

    /// Time between two full scans [default: 15m]
    #[arg(long, value_name = "DURATION")]
    pub scan_interval: Option<String>,

    /// What running responses get after SIGTERM [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pub drain_timeout: Option<String>,

    /// Connections at the same time [default: 10000]
    #[arg(long, value_name = "N")]
    pub max_connections: Option<String>,

    /// Let the kernel send files without copying; auto: not to this machine itself [default: auto]
    #[arg(long, value_name = "auto|on|off")]
    pub zero_copy: Option<String>,

    /// Form of the log's lines: json or text [default: json]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
}
