//! slapd with a small company in it, whose numbers are spelled as people spell
//! them.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::process::{Process, output, run};
use crate::{packages, ports, waiting};

/// Suffix of the tree.
pub const BASE: &str = "dc=example,dc=com";
/// Whom Ringpost binds as.
pub const BIND_DN: &str = "cn=um,dc=example,dc=com";
/// That one's password.
pub const PASSWORD: &str = "ldap-secret";

/// Somebody in the directory.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Given name and surname.
    pub name: &'static str,
    /// `telephoneNumber`, as it is spelled there.
    pub number: &'static str,
    /// `mobile`, may be empty.
    pub mobile: &'static str,
    /// `mail`.
    pub mail: &'static str,
    /// `title`.
    pub title: &'static str,
}

/// The company.
pub const PEOPLE: [Entry; 5] = [
    Entry {
        name: "Carol Example",
        number: "+1 (425) 555-0142",
        mobile: "",
        mail: "carol@example.com",
        title: "Buyer",
    },
    Entry {
        name: "Dietmar Example",
        number: "425.555.0143",
        mobile: "",
        mail: "dietmar@example.com",
        title: "Engineer",
    },
    Entry {
        name: "Erin Example",
        number: "1-425-555-0144",
        mobile: "(425)5550145",
        mail: "erin@example.com",
        title: "Counsel",
    },
    // Two people share a telephone: no name may be chosen for it.
    Entry {
        name: "Frida Example",
        number: "+1 425 555 0146",
        mobile: "",
        mail: "frida@example.com",
        title: "Porter",
    },
    Entry {
        name: "Gustav Example",
        number: "+14255550146",
        mobile: "",
        mail: "gustav@example.com",
        title: "Porter",
    },
];

/// A running slapd.
pub struct Directory {
    address: SocketAddr,
    secure: SocketAddr,
    certificates: Certificates,
    slapd: Option<Process>,
    folder: TempDir,
}

impl Directory {
    /// Loads the tree and starts slapd on a free port.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same, but nothing is told over a connection in the clear.
    pub fn start_encrypted() -> Self {
        Self::start_with("security ssf=71\n")
    }

    fn start_with(further: &str) -> Self {
        packages::need(&["slapd", "ldap-utils"]);
        let folder = tempfile::Builder::new().prefix("ringpost-ldap-").tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("data")).unwrap();
        let certificates = Certificates::make(path, "directory.example.com");
        fs::write(path.join("slapd.conf"), configuration(path, &certificates, further)).unwrap();
        fs::write(path.join("tree.ldif"), tree()).unwrap();
        fs::write(path.join("password"), PASSWORD).unwrap();
        let file = |name: &str| path.join(name).into_os_string();
        run("slapadd", ["-f".into(), file("slapd.conf"), "-l".into(), file("tree.ldif")]);
        let (address, secure) = (ports::free_address(), ports::free_address());
        let mut directory = Self { address, secure, certificates, slapd: None, folder };
        directory.up();
        directory
    }

    /// As `directory.url` names it.
    pub fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// The same for `ldaps:`.
    pub fn secure_url(&self) -> String {
        format!("ldaps://{}", self.secure)
    }

    /// Who vouches for its certificate.
    pub fn ca_file(&self) -> &Path {
        &self.certificates.authority
    }

    /// A file with the password in it.
    pub fn password_file(&self) -> std::path::PathBuf {
        self.folder.path().join("password")
    }

    /// Starts slapd again, on the same port.
    pub fn up(&mut self) {
        assert!(self.slapd.is_none(), "up already");
        let config = self.folder.path().join("slapd.conf");
        let mut command = Command::new("slapd");
        command.args(["-d", "0", "-h", &self.urls(), "-f"]).arg(config);
        self.slapd = Some(Process::start("slapd", &mut command));
        waiting::until("slapd", Duration::from_secs(20), || {
            self.search("(objectClass=organization)").map(drop)
        });
    }

    fn urls(&self) -> String {
        format!("{}/ {}/", self.url(), self.secure_url())
    }

    /// Kills slapd: connections are cut, new ones are refused.
    pub fn down(&mut self) {
        self.slapd = None;
    }

    /// Stops slapd without closing anything: connections hang.
    pub fn freeze(&self) {
        if let Some(slapd) = &self.slapd {
            crate::process::signal("STOP", slapd.id());
        }
    }

    /// Lets a frozen slapd run on.
    pub fn thaw(&self) {
        if let Some(slapd) = &self.slapd {
            crate::process::signal("CONT", slapd.id());
        }
    }

    /// What ldapsearch finds as LDIF, bound as Ringpost is; `None` when it fails.
    pub fn search(&self, filter: &str) -> Option<String> {
        // ldapsearch itself would wait for a frozen server for ever.
        let mut command = Command::new("timeout");
        command.args([
            "-s",
            "KILL",
            "3",
            "ldapsearch",
            "-x",
            "-LLL",
            "-H",
            &self.secure_url(),
            "-D",
            BIND_DN,
            "-w",
            PASSWORD,
        ]);
        command.args(["-b", BASE, filter]).env("LDAPTLS_CACERT", self.ca_file());
        let output = output(&mut command).ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn configuration(folder: &Path, certificates: &Certificates, further: &str) -> String {
    let at = folder.display();
    let Certificates { authority, certificate, key } = certificates;
    format!(
        "include /etc/ldap/schema/core.schema\n\
         include /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\n\
         # What Active Directory has beside inetOrgPerson; invented object identifiers.\n\
         attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch \
         SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n\
         attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'msRTCSIP-Line' EQUALITY caseIgnoreMatch \
         SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )\n\
         attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'otherTelephone' EQUALITY caseIgnoreMatch \
         SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n\
         attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'msRTCSIP-PrimaryUserAddress' EQUALITY caseIgnoreMatch \
         SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )\n\
         objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'umPerson' AUXILIARY MAY ( proxyAddresses $ \
         msRTCSIP-Line $ otherTelephone $ msRTCSIP-PrimaryUserAddress ) )\n\
         TLSCACertificateFile {}\nTLSCertificateFile {}\nTLSCertificateKeyFile {}\n{further}\
         pidfile {at}/slapd.pid\nargsfile {at}/slapd.args\n\
         modulepath /usr/lib/ldap\nmoduleload back_mdb\n\
         database mdb\nmaxsize 16777216\nsuffix \"{BASE}\"\ndirectory {at}/data\n\
         rootdn \"cn=admin,{BASE}\"\nindex objectClass eq\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=\"{BIND_DN}\" read by * none\n",
        authority.display(),
        certificate.display(),
        key.display(),
    )
}

fn tree() -> String {
    let mut ldif = format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
         dn: {BIND_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
         cn: um\nuserPassword: {PASSWORD}\n\n\
         dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\n\n"
    );
    for person in PEOPLE {
        let (given, surname) = person.name.split_once(' ').unwrap_or(("", person.name));
        ldif.push_str(&format!(
            "dn: cn={name},ou=people,{BASE}\nobjectClass: inetOrgPerson\nobjectClass: umPerson\n\
             cn: {name}\ndisplayName: {name}\ngivenName: {given}\nsn: {surname}\nmail: {mail}\n\
             title: {title}\ntelephoneNumber: {number}\n",
            name = person.name,
            mail = person.mail,
            title = person.title,
            number = person.number,
        ));
        if !person.mobile.is_empty() {
            ldif.push_str(&format!("mobile: {}\n", person.mobile));
        }
        ldif.push('\n');
    }
    ldif
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_stops_and_answers_again() {
        let mut directory = Directory::start();
        let carol = directory.search("(cn=Carol*)").expect("an answer");
        assert!(carol.contains("telephoneNumber: +1 (425) 555-0142"), "{carol}");
        directory.down();
        assert_eq!(directory.search("(cn=Carol*)"), None);
        directory.up();
        directory.freeze();
        assert_eq!(directory.search("(cn=Carol*)"), None);
        directory.thaw();
        assert!(
            directory.search("(cn=Erin*)").expect("an answer").contains("mobile: (425)5550145")
        );
    }
}
