/** Ends with a clear word on a Node that is too old, before anything fails in a less clear way. */
export function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(`Node ${process.versions.node} is too old: 20.19 or later is needed\n`)
  process.exit(1)
}
