//! What a `User-Agent` says, in the words of people. Pure.

/// Names in the order in which they decide: most browsers claim to be others as well.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("curl/", "curl"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// `Firefox 153 on Linux`. Anybody can write anything there, so what is unknown is not repeated.
pub fn named(user_agent: &str) -> String {
    let browser = BROWSERS.iter().find_map(|(mark, name)| {
        let version = user_agent.split(mark).nth(1)?;
        let digits: String = version.chars().take_while(char::is_ascii_digit).take(6).collect();
        Some(format!("{name} {digits}").trim_end().to_owned())
    });
    let system = SYSTEMS.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name);
    let browser = browser.unwrap_or_else(|| "Another program".to_owned());
    match system {
        Some(system) => format!("{browser} on {system}"),
        None => browser,
    }
}

/// The beginning of a `User-Agent`, to be named later: a request does not wait for it, and nothing is allocated.
#[derive(Clone, Copy)]
pub struct Agent {
    text: [u8; Agent::LONGEST],
    length: usize,
}

impl Agent {
    /// What tells browsers apart stands within it.
    const LONGEST: usize = 192;

    pub fn of(user_agent: &[u8]) -> Agent {
        let length = user_agent.len().min(Agent::LONGEST);
        let mut text = [0; Agent::LONGEST];
        text[..length].copy_from_slice(&user_agent[..length]);
        Agent { text, length }
    }

    /// See [`named`].
    pub fn named(&self) -> String {
        named(&String::from_utf8_lossy(&self.text[..self.length]))
    }
}

/// A word and a version, as a browser says it of itself in one of the lists of User-Agent Client Hints.
pub struct Brand<'b> {
    pub name: &'b str,
    pub version: &'b str,
}

/// `Firefox 153.0.1 on Linux`: with the whole version, which browsers have ceased to write into the `User-Agent`. `brands`
/// is what the page has asked for besides (`fullVersionList`), and counts where it tells more.
pub fn exactly<'b>(user_agent: &str, brands: impl IntoIterator<Item = Brand<'b>>) -> String {
    let found = BROWSERS.iter().find_map(|(mark, name)| Some((*name, user_agent.split(mark).nth(1)?)));
    let Some((name, version)) = found else { return named(user_agent) };
    let (name, version) = of_page(name, brands).unwrap_or((name, unrounded(version)));
    let version = numbers(version);
    match named(user_agent).split_once(" on ") {
        Some((_, system)) => format!("{name} {version} on {system}"),
        None => format!("{name} {version}").trim_end().to_owned(),
    }
}

/// The browser by its own brand. What is only made of Chromium, and what no brand but that is known of, claims to be
/// Chrome in the `User-Agent` and is Chromium.
fn of_page<'b>(
    name: &'static str,
    brands: impl IntoIterator<Item = Brand<'b>>,
) -> Option<(&'static str, &'b str)> {
    let mut chromium = None;
    for brand in brands {
        if is_called(brand.name, name) {
            return Some((name, brand.version));
        }
        if name == "Chrome" && brand.name == "Chromium" {
            chromium = Some(("Chromium", brand.version));
        }
    }
    chromium
}

/// Browsers made of Chromium write zeros for the parts of their version that they keep to themselves.
fn unrounded(version: &str) -> &str {
    version.split_once(".0.0.0").map_or(version, |(major, _)| major)
}

/// `Google Chrome` is Chrome, `Microsoft Edge` is Edge; `Chromium` is what both are made of.
fn is_called(brand: &str, name: &str) -> bool {
    brand.split(' ').next_back() == Some(name)
}

/// Digits and dots, as many as a version has.
fn numbers(version: &str) -> String {
    let numbers = version.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').take(24);
    numbers.collect::<String>().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Brands<'b> = &'b [(&'b str, &'b str)];

    #[test]
    fn versions_are_whole_where_somebody_says_them() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0";
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
        let list =
            [("Not=A?Brand", "8.0.0.0"), ("Chromium", "156.0.7342.1"), ("Google Chrome", "156.0.7342.101")];
        let edges = [("Chromium", "156.0.7342.1"), ("Microsoft Edge", "156.0.3000.5")];
        let hostile = [("Google Chrome", "1|<b>")];
        let unbranded = [("Not=A?Brand", "8.0.0.0"), ("Chromium", "156.0.7342.1")];
        let cases: [(&str, Brands, &str, &str); 9] = [
            (chrome, &list, "Chrome 156.0.7342.101 on Linux", "the page knows more"),
            (chrome, &unbranded, "Chromium 156.0.7342.1 on Linux", "no brand but what it is made of"),
            (chrome, &[], "Chrome 156 on Linux", "nobody knows more, and zeros are no version"),
            (edge, &unbranded, "Edge 156 on Windows", "another's version is not taken for its own"),
            (edge, &edges, "Edge 156.0.3000.5 on Windows", "each by its own name"),
            (firefox, &list, "Firefox 153.0 on Linux", "another's list"),
            (chrome, &hostile, "Chrome 1 on Linux", "numbers only"),
            ("curl/8.14.1", &[], "curl 8.14.1", "a program"),
            ("<script>", &list, "Another program", "nothing is repeated"),
        ];
        for (agent, brands, want, why) in cases {
            let brands = brands.iter().map(|(name, version)| Brand { name, version });
            assert_eq!(exactly(agent, brands), want, "{why}");
        }
    }

    #[test]
    fn what_is_kept_of_a_user_agent_is_bounded() {
        let long = format!("{}Firefox/153.0", "x".repeat(Agent::LONGEST));
        assert_eq!(Agent::of(long.as_bytes()).named(), "Another program");
        assert_eq!(Agent::of("Firefox/153.0 \u{fc}".as_bytes()).named(), "Firefox 153");
        assert_eq!(Agent::of(b"").named(), "Another program");
    }

    #[test]
    fn browsers_are_named_as_people_do() {
        let cases = [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
                "Firefox 153 on Linux",
                "Firefox",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome 156 on Windows",
                "Chrome claims to be Safari",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
                "Edge 156 on Windows",
                "Edge claims to be Chrome",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
                "Safari 19 on iPhone",
                "an iPhone claims to be a Mac",
            ),
            ("curl/8.14.1", "curl 8", "a program"),
            ("<script>alert(1)</script>", "Another program", "nothing is repeated"),
            ("", "Another program", "nothing"),
        ];
        for (agent, want, why) in cases {
            assert_eq!(named(agent), want, "{why}");
        }
    }
}
