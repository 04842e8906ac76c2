use std::fmt::Write;

use crate::FOLDER;

/// A page in the layout that all of them share.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    /// What it shows, for the tab of the browser.
    pub title: &'p str,
    /// The pages of the role, of which the one that is shown says so.
    pub links: &'p [Link<'p>],
    /// What is in it, as HTML. A page is part of the program, so this holds no text from elsewhere.
    pub main: &'static str,
    /// Scripts in [`FOLDER`], which are modules.
    pub scripts: &'p [&'p str],
    /// The way from the page's address to the folder in which the server is: empty, or `../`.
    pub root: &'p str,
}

/// A way to another page.
#[derive(Clone, Copy, Debug)]
pub struct Link<'p> {
    /// What it is called.
    pub name: &'p str,
    /// Its address, from the folder in which the server is.
    pub to: &'p str,
}

impl Page<'_> {
    /// The page as HTML. `here` is the address of the link that leads to it.
    pub fn html(&self, here: &str) -> String {
        let Self { title, links, main, scripts, root } = self;
        let mut html = String::with_capacity(main.len() + 2048);
        let title = escaped(title);
        let root = escaped(root);
        html.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
        let _ = writeln!(html, "<title>{title} · Longshore</title>");
        let _ = writeln!(html, "<link rel=\"icon\" href=\"{root}{FOLDER}icon.svg\">");
        let _ = writeln!(html, "<link rel=\"stylesheet\" href=\"{root}{FOLDER}console.css\">");
        for script in *scripts {
            let script = escaped(script);
            let _ =
                writeln!(html, "<script type=\"module\" src=\"{root}{FOLDER}{script}\"></script>");
        }
        let _ = writeln!(html, "</head>\n<body data-root=\"{root}\">");
        html.push_str("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
        html.push_str("<header class=\"top\">\n");
        let _ = writeln!(
            html,
            "<a class=\"brand\" href=\"{root}./\"><img src=\"{root}{FOLDER}icon.svg\" alt=\"\" \
             width=\"22\" height=\"22\">Longshore</a>"
        );
        html.push_str("<nav aria-label=\"Pages\">");
        for link in *links {
            let current = if link.to == here { " aria-current=\"page\"" } else { "" };
            let (to, name) = (escaped(link.to), escaped(link.name));
            let _ = write!(html, "<a href=\"{root}{to}\"{current}>{name}</a>");
        }
        html.push_str("</nav>\n<div id=\"status\" class=\"status\"></div>\n</header>\n");
        let _ = writeln!(html, "<main id=\"main\" tabindex=\"-1\">\n{}\n</main>", main.trim_end());
        html.push_str("<noscript><p class=\"note\">This page asks the server with JavaScript, which is switched off. \
             Everything is in the API too: <code>GET /openapi.json</code>.</p></noscript>\n");
        html.push_str("</body>\n</html>\n");
        html
    }
}

/// A text as HTML shows it, inside of an element or of an attribute in quotes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset;

    #[test]
    fn a_page_says_where_it_is_and_escapes_what_it_is_given() {
        let links = [Link { name: "Models", to: "./" }, Link { name: "API & more", to: "docs" }];
        let page = Page {
            title: "<b>\"x\"",
            links: &links,
            main: "<h1>A</h1>",
            scripts: &["a.js"],
            root: "../",
        };
        let html = page.html("docs");
        assert!(html.contains("<title>&lt;b&gt;&quot;x&quot; · Longshore</title>"), "{html}");
        assert!(html.contains("<a href=\"../docs\" aria-current=\"page\">API &amp; more</a>"));
        assert!(html.contains("<a href=\".././\">Models</a>"));
        assert!(html.contains("<script type=\"module\" src=\"../console/a.js\"></script>"));
        for forbidden in ["<style", " style=", "onclick", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn assets_ask_nothing_of_another_machine() {
        for name in ["console.css", "console.js", "icon.svg"] {
            let content = asset(name).map(|asset| asset.content).unwrap_or_default();
            assert!(!content.is_empty(), "{name}");
            let content = content.replace("http://www.w3.org/", "");
            for outside in ["http://", "https://", "//cdn", "@import", "innerHTML", "eval("] {
                assert!(!content.contains(outside), "{name}: {outside}");
            }
        }
        assert_eq!(asset("../page.rs"), None);
    }
}
