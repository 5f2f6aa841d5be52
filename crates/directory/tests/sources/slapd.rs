//! A real slapd with a folder and ports of its own.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use ringpost_directory::{LdapSettings, LdapSource};
use ringpost_model::TlsSettings;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::plan;

const PROGRAM: &str = "/usr/sbin/slapd";
const POLICY: &str = "/usr/sbin/policy-rc.d";
pub const BASE: &str = "dc=example,dc=com";
pub const ACCOUNT: &str = "cn=um,dc=example,dc=com";
pub const PASSWORD: &str = "open sesame";

/// What Active Directory has and OpenLDAP's own schema has not. Several more
/// that are searched for are left undefined on purpose.
const SCHEMA: &str = "\
attributetype ( 1.1.2.1.1 NAME 'otherTelephone' EQUALITY telephoneNumberMatch
  SUBSTR telephoneNumberSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 )
attributetype ( 1.1.2.1.2 NAME 'msRTCSIP-Line' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.1.3 NAME 'msRTCSIP-PrimaryUserAddress' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.1.4 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.1.5 NAME 'ipPhone' EQUALITY caseIgnoreMatch
  SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.1.2.2.1 NAME 'reachable' SUP top AUXILIARY MAY ( otherTelephone $
  msRTCSIP-Line $ msRTCSIP-PrimaryUserAddress $ proxyAddresses $ ipPhone ) )
";

/// Name, organisational unit and the attributes of the people in the directory.
const PEOPLE: [(&str, &str, &str); 12] = [
    (
        "Bob Example",
        "people",
        "title: Plumber\no: Example Inc.\ntelephoneNumber: +1 (425) 555-0142\n\
         mobile: 425.555.0143\nhomePhone: +1 425 555 0144\nmail: bob@example.com\n\
         facsimileTelephoneNumber: +1 425 555 0149\nmsRTCSIP-PrimaryUserAddress: sip:bob@example.com\n",
    ),
    ("Olga Other", "people", "otherTelephone: (425) 555-0151\n"),
    ("Lina Line", "people", "msRTCSIP-Line: tel:+14255550152;ext=1052\nipPhone: 1053\n"),
    (
        "Paul Proxy",
        "people",
        "proxyAddresses: EUM:+14255550154;phone-context=plan.example.com\nproxyAddresses: sip:paul@example.com\n",
    ),
    ("Mia Mail", "people", "mail: mia@example.com\ntelephoneNumber: 1055\n"),
    ("Xenia", "people", "telephoneNumber: +1 425 555 0100 x1056\n"),
    ("Erik", "people", "telephoneNumber: +1 425 555 0100 ext. 1057\n"),
    ("Zoë Müller", "people", "telephoneNumber: +49 30 23125042\n"),
    ("Nearly Bob", "people", "telephoneNumber: +1 425 555 0124\n"),
    ("Far Away", "people", "telephoneNumber: +1 206 555 0142\n"),
    ("Pia Public", "public", "telephoneNumber: +1 425 555 0160\n"),
    ("Twin", "people", "telephoneNumber: +1 425 555 0170\nmobile: +1 425 555 0171\n"),
];

/// Listening until it is dropped.
pub struct Slapd {
    folder: TempDir,
    pub plain: u16,
    pub encrypted: u16,
    process: Option<Child>,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Slapd {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// One that takes no password over a connection in the clear.
    pub async fn start_strict() -> Self {
        Self::start_with("security simple_bind=64\n").await
    }

    async fn start_with(line: &str) -> Self {
        install();
        let folder = tempfile::tempdir().unwrap();
        let (plain, encrypted) = free_ports();
        furnish(folder.path(), line);
        let mut slapd = Self { folder, plain, encrypted, process: None };
        slapd.run().await;
        slapd
    }

    /// Starts it, also again, on the same ports.
    pub async fn run(&mut self) {
        let urls =
            format!("ldap://127.0.0.1:{}/ ldaps://127.0.0.1:{}/", self.plain, self.encrypted);
        let child = Command::new(PROGRAM)
            .args(["-d", "0", "-h", &urls, "-f"])
            .arg(self.folder.path().join("slapd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(child);
        for port in [self.plain, self.encrypted] {
            let until = Instant::now() + Duration::from_secs(20);
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                assert!(Instant::now() < until, "slapd does not listen");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Settings that work, over the plain port.
    pub fn settings(&self) -> LdapSettings {
        LdapSettings {
            url: format!("ldap://127.0.0.1:{}", self.plain),
            base: BASE.into(),
            bind_dn: Some(ACCOUNT.into()),
            password: Some(PASSWORD.into()),
            starttls: false,
            timeout: Duration::from_secs(5),
            tls: TlsSettings { ca_file: Some(self.folder.path().join("ca.pem")) },
            connections: 4,
        }
    }

    pub fn ldaps_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.encrypted)
    }

    pub fn source(&self) -> LdapSource {
        LdapSource::new(self.settings(), plan()).unwrap()
    }
}

/// Debian's package, with no daemon started by it.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if Path::new(PROGRAM).exists() && has_openssl() {
            return;
        }
        let own_policy = !Path::new(POLICY).exists();
        if own_policy {
            std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").unwrap();
            run(Command::new("chmod").args(["755", POLICY]));
        }
        let wait = ["-o", "DPkg::Lock::Timeout=300", "-qq"];
        run(Command::new("apt-get").args(wait).arg("update"));
        let packages = [
            "install",
            "-y",
            "--no-upgrade",
            "--no-install-recommends",
            "slapd",
            "ldap-utils",
            "openssl",
        ];
        run(Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(wait)
            .args(packages));
        if own_policy {
            std::fs::remove_file(POLICY).unwrap();
        }
    });
}

fn has_openssl() -> bool {
    Command::new("openssl").arg("version").output().is_ok()
}

fn free_ports() -> (u16, u16) {
    let one = TcpListener::bind("127.0.0.1:0").unwrap();
    let two = TcpListener::bind("127.0.0.1:0").unwrap();
    (one.local_addr().unwrap().port(), two.local_addr().unwrap().port())
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Certificates, schema, configuration and people.
fn furnish(folder: &Path, line: &str) {
    certificates(folder);
    std::fs::create_dir(folder.join("data")).unwrap();
    std::fs::write(folder.join("reachable.schema"), SCHEMA).unwrap();
    let at = folder.display();
    let configuration = format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\ninclude {at}/reachable.schema\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {at}/slapd.pid\n{line}\
         TLSCertificateFile {at}/server.pem\nTLSCertificateKeyFile {at}/server.key\n\
         database mdb\nsuffix {BASE}\ndirectory {at}/data\nmaxsize 16777216\n\
         access to attrs=userPassword by anonymous auth\n\
         access to dn.subtree=ou=public,{BASE} by * read\n\
         access to * by users read\n"
    );
    std::fs::write(folder.join("slapd.conf"), configuration).unwrap();
    std::fs::write(folder.join("people.ldif"), ldif()).unwrap();
    run(Command::new("/usr/sbin/slapadd")
        .arg("-f")
        .arg(folder.join("slapd.conf"))
        .arg("-l")
        .arg(folder.join("people.ldif")));
}

fn ldif() -> String {
    let mut ldif = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
         dn: {ACCOUNT}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: um\nuserPassword: {PASSWORD}\n\n"
    );
    for unit in ["people", "public", "crowd"] {
        write!(ldif, "dn: ou={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}\n\n")
            .unwrap();
    }
    // A place that only another server knows: a search over it brings a referral.
    write!(
        ldif,
        "dn: ou=elsewhere,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n\
         ref: ldap://192.0.2.1/ou=elsewhere,{BASE}\n\n"
    )
    .unwrap();
    let crowd =
        (0..250).map(|n| (format!("Crowd {n}"), "crowd", "telephoneNumber: +1 206 555 0188\n"));
    let people = PEOPLE.iter().map(|(name, unit, more)| ((*name).to_owned(), *unit, *more));
    for (name, unit, more) in people.chain(crowd) {
        write!(
            ldif,
            "dn: cn={name},ou={unit},{BASE}\nobjectClass: inetOrgPerson\nobjectClass: reachable\n\
             cn: {name}\nsn: {name}\n{more}\n"
        )
        .unwrap();
    }
    ldif
}

/// An authority in `ca.pem`, and a certificate of it for 127.0.0.1.
fn certificates(folder: &Path) {
    let openssl = |args: &str| {
        run(Command::new("openssl").current_dir(folder).args(args.split_whitespace()));
    };
    std::fs::write(folder.join("san"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .unwrap();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=Authority"));
    openssl(&format!("req -new {key} -keyout server.key -out server.csr -subj /CN=Directory"));
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.pem",
    );
}
