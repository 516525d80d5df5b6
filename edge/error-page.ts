/** The bodies that APISIX, and nginx below it, send for answers of the gateway's own. */

/** nginx's reason phrases, where they differ from the usual ones or matter for a page. */
const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Not Allowed",
  408: "Request Time-out",
  409: "Conflict",
  411: "Length Required",
  413: "Request Entity Too Large",
  414: "Request-URI Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

/** nginx's HTML page for a status; empty for a status that nginx has no page for. */
export function errorPage(status: number): string {
  const reason = REASONS[status];
  if (reason === undefined) return "";
  const title = `${status} ${reason}`;
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${title}</h1></center>\r\n<hr><center>openresty</center>\r\n` +
    '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p>' +
    "</body>\r\n</html>\r\n"
  );
}

/** What nginx's mime.types say, with the charset that nginx adds to text. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  htm: "text/html; charset=utf-8",
  shtml: "text/html; charset=utf-8",
  css: "text/css",
  xml: "text/xml; charset=utf-8",
  gif: "image/gif",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "application/javascript; charset=utf-8",
  atom: "application/atom+xml",
  rss: "application/rss+xml; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  svgz: "image/svg+xml",
  webp: "image/webp",
  ico: "image/x-icon",
  bmp: "image/x-ms-bmp",
  woff: "font/woff",
  woff2: "font/woff2",
  pdf: "application/pdf",
  zip: "application/zip",
  wasm: "application/wasm",
  doc: "application/msword",
  xls: "application/vnd.ms-excel",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  webm: "video/webm",
  exe: "application/octet-stream",
  bin: "application/octet-stream",
  dll: "application/octet-stream",
  iso: "application/octet-stream",
  img: "application/octet-stream",
};

/** The Content-Type of a body of the gateway's own: by the extension of the request's path. */
export function contentTypeOf(path: string): string {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase();
  return (extension !== undefined && TYPES[extension]) || "text/plain; charset=utf-8";
}
