/** What `hello`, `status` and `--version` say. */
export const AGENT_VERSION = '0.1.0'
