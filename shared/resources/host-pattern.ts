/** Names and addresses of hosts, as routes and upstreams may have them. */
export const HOST_PATTERN = "^\\*$|^\\*?[0-9a-zA-Z\\-._\\[\\]:]+$";
