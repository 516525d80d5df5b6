/** The bodies that APISIX, and nginx below it, send for answers of the gateway's own. */

/** Titles of the pages that nginx has: its own phrases, which are not always those of RFC 9110. */
const TITLES: Readonly<Record<number, string>> = {
  301: "301 Moved Permanently",
  302: "302 Found",
  303: "303 See Other",
  307: "307 Temporary Redirect",
  308: "308 Permanent Redirect",
  400: "400 Bad Request",
  401: "401 Authorization Required",
  402: "402 Payment Required",
  403: "403 Forbidden",
  404: "404 Not Found",
  405: "405 Not Allowed",
  406: "406 Not Acceptable",
  408: "408 Request Time-out",
  409: "409 Conflict",
  410: "410 Gone",
  411: "411 Length Required",
  412: "412 Precondition Failed",
  413: "413 Request Entity Too Large",
  414: "414 Request-URI Too Large",
  415: "415 Unsupported Media Type",
  416: "416 Requested Range Not Satisfiable",
  421: "421 Misdirected Request",
  429: "429 Too Many Requests",
  500: "500 Internal Server Error",
  501: "501 Not Implemented",
  502: "502 Bad Gateway",
  503: "503 Service Temporarily Unavailable",
  504: "504 Gateway Time-out",
  505: "505 HTTP Version Not Supported",
  507: "507 Insufficient Storage",
};

/** nginx's HTML page for a status; empty for a status that nginx has no page for. */
export function errorPage(status: number): string {
  const title = TITLES[status];
  if (title === undefined) return "";
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${title}</h1></center>\r\n<hr><center>openresty</center>\r\n` +
    '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p>' +
    "</body>\r\n</html>\r\n"
  );
}

/** nginx adds no charset to these two: some browser of old took it for that of the next page. */
const WITHOUT_CHARSET = new Set([301, 302]);

/** The page's Content-Type. */
export function errorPageType(status: number): string {
  return withCharset("text/html", status);
}

/** nginx's mime.types: type, then its extensions. */
const MIME_TYPES: Readonly<Record<string, string>> = {
  "text/html": "html htm shtml",
  "text/css": "css",
  "text/xml": "xml",
  "image/gif": "gif",
  "image/jpeg": "jpeg jpg",
  "application/javascript": "js",
  "application/atom+xml": "atom",
  "application/rss+xml": "rss",
  "text/mathml": "mml",
  "text/plain": "txt",
  "text/vnd.sun.j2me.app-descriptor": "jad",
  "text/vnd.wap.wml": "wml",
  "text/x-component": "htc",
  "image/avif": "avif",
  "image/png": "png",
  "image/svg+xml": "svg svgz",
  "image/tiff": "tif tiff",
  "image/vnd.wap.wbmp": "wbmp",
  "image/webp": "webp",
  "image/x-icon": "ico",
  "image/x-jng": "jng",
  "image/x-ms-bmp": "bmp",
  "font/woff": "woff",
  "font/woff2": "woff2",
  "application/java-archive": "jar war ear",
  "application/json": "json",
  "application/mac-binhex40": "hqx",
  "application/msword": "doc",
  "application/pdf": "pdf",
  "application/postscript": "ps eps ai",
  "application/rtf": "rtf",
  "application/vnd.apple.mpegurl": "m3u8",
  "application/vnd.google-earth.kml+xml": "kml",
  "application/vnd.google-earth.kmz": "kmz",
  "application/vnd.ms-excel": "xls",
  "application/vnd.ms-fontobject": "eot",
  "application/vnd.ms-powerpoint": "ppt",
  "application/vnd.oasis.opendocument.graphics": "odg",
  "application/vnd.oasis.opendocument.presentation": "odp",
  "application/vnd.oasis.opendocument.spreadsheet": "ods",
  "application/vnd.oasis.opendocument.text": "odt",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.wap.wmlc": "wmlc",
  "application/wasm": "wasm",
  "application/x-7z-compressed": "7z",
  "application/x-cocoa": "cco",
  "application/x-java-archive-diff": "jardiff",
  "application/x-java-jnlp-file": "jnlp",
  "application/x-makeself": "run",
  "application/x-perl": "pl pm",
  "application/x-pilot": "prc pdb",
  "application/x-rar-compressed": "rar",
  "application/x-redhat-package-manager": "rpm",
  "application/x-sea": "sea",
  "application/x-shockwave-flash": "swf",
  "application/x-stuffit": "sit",
  "application/x-tcl": "tcl tk",
  "application/x-x509-ca-cert": "der pem crt",
  "application/x-xpinstall": "xpi",
  "application/xhtml+xml": "xhtml",
  "application/xspf+xml": "xspf",
  "application/zip": "zip",
  "application/octet-stream": "bin exe dll deb dmg iso img msi msp msm",
  "audio/midi": "mid midi kar",
  "audio/mpeg": "mp3",
  "audio/ogg": "ogg",
  "audio/x-m4a": "m4a",
  "audio/x-realaudio": "ra",
  "video/3gpp": "3gpp 3gp",
  "video/mp2t": "ts",
  "video/mp4": "mp4",
  "video/mpeg": "mpeg mpg",
  "video/quicktime": "mov",
  "video/webm": "webm",
  "video/x-flv": "flv",
  "video/x-m4v": "m4v",
  "video/x-mng": "mng",
  "video/x-ms-asf": "asx asf",
  "video/x-ms-wmv": "wmv",
  "video/x-msvideo": "avi",
};

const TYPE_OF_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries(MIME_TYPES).flatMap(([type, extensions]) =>
    extensions.split(" ").map((extension) => [extension, type] as const),
  ),
);

/** Types to which nginx, as APISIX configures it, adds a charset where none is given. */
const WITH_CHARSET = /^(text\/(html|xml|plain|vnd\.wap\.wml)|application\/(javascript|rss\+xml))$/i;

/** `text/plain` becomes `text/plain; charset=utf-8`; a type with parameters, or no text, stays. */
export function withCharset(type: string, status = 200): string {
  const isLeft = WITHOUT_CHARSET.has(status) || !WITH_CHARSET.test(type);
  return isLeft ? type : `${type}; charset=utf-8`;
}

/** The Content-Type of a body of the gateway's own: by the extension of the request's path. */
export function contentTypeOf(path: string): string {
  // As in nginx, a name that begins with its only dot (`/.json`) has no extension.
  const extension = /[^/]\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return withCharset(TYPE_OF_EXTENSION.get(extension) ?? "text/plain");
}
