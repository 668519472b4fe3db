//! Pages without references to other places: one style for reports and documentation.

/// Colours follow the reader's choice of light or dark; pictures keep a light ground.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; line-height: 1.4; }
table { border-collapse: collapse; display: block; max-width: 100%; overflow-x: auto; }
th, td { padding: 0.1em 1em 0.1em 0; text-align: left; vertical-align: top; }
.number { text-align: right; }
figure { margin: 2em 0; }
svg { max-width: 100%; height: auto; background: white; }
pre { background: #8882; padding: 1em; overflow: auto; }
";

/// A page with this title and content.
pub(crate) fn page(title: &str, content: &str) -> String {
    let title = escaped(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{content}</body>\n</html>\n"
    )
}

/// Text as it stands, for a page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A table with a line of headings; cells are HTML already.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| -> String {
        let cells: String = cells.map(|cell| format!("<{tag}>{cell}</{tag}>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let mut out = String::from("<table>\n");
    out += &cells("th", &mut headings.iter().copied());
    for row in rows {
        out += &cells("td", &mut row.iter().map(String::as_str));
    }
    out + "</table>\n"
}
