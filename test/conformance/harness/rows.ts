import type { Daemon } from '../../xenstored/start.ts'

/**
 * A specification is a text of rows; two or more spaces part the columns:
 *
 *     who   tx   request        reply    events
 *     0     -    watch /a tok   OK       then 0 /a tok
 *     7     t1   write /a <9>   EACCES
 *
 *     # oxenstored limits the value alone.
 *     7     -    write a <2016>   ENOSPC | ocaml: OK
 *
 * - who: a client of dom0's (`0`, `0b`), a domain (`7`), or the hypervisor (`xen`)
 * - tx: `-`, the name of a transaction (`begin` gives it one), or a number that nobody was given
 * - request: see `requests.ts`; `<9>` stands for nine bytes, and a range `{1..9}` makes nine rows of one
 * - reply: `OK`, an error, `closed` (the daemon hangs up), or `=` and the strings or the value; `= <9>` for any nine bytes
 * - events: all there may be, each as its receiver, path and token, parted by `;`. The asking client's come before its
 *   reply, or after it where marked `then`; on oxenstored they come after it, but before that of `commit` and `introduce`.
 *
 * What stands behind `| ocaml:` or `| embedded:` holds for that server instead; without it all do the same, and the
 * embedded one does what C xenstored does. A comment above, in the same paragraph, has to say why.
 */
export interface Row {
  readonly line: string
  readonly who: string
  readonly transaction: string
  readonly request: string
  readonly reply: string
  readonly events: readonly string[]
}

/** The rows as they are for one server. */
export function parseRows(text: string, daemon: Daemon): Row[] {
  const rows: Row[] = []
  let isExplained = false
  for (const line of text.split('\n').map(raw => raw.trim())) {
    if (line === '' || line.startsWith('#')) isExplained = line !== ''
    else {
      if (line.includes(' | ') && !isExplained) throw new Error(`Say in a comment why the servers differ: ${line}`)
      rows.push(...unrolled(line).map(row => parseRow(row, daemon)))
    }
  }
  return rows
}

function parseRow(line: string, daemon: Daemon): Row {
  const [who = '', transaction = '', request = '', reply = '', events = '', ...rest] = line.split(/ {2,}/)
  if (reply === '' || rest.length > 0) throw new Error(`A row has four or five columns: ${line}`)
  return {
    line,
    who,
    transaction,
    request: expanded(request),
    reply: chosen(reply, daemon),
    events: chosen(events, daemon)
      .split(/; */)
      .filter(event => event !== '' && event !== 'none')
      .map(expanded),
  }
}

function unrolled(line: string): string[] {
  const range = /\{(\d+)\.\.(\d+)\}/.exec(line)
  if (!range) return [line]
  const [whole, first, last] = range
  const length = Number(last) - Number(first) + 1
  return Array.from({ length }, (_, index) => line.replaceAll(whole, `${Number(first) + index}`))
}

function chosen(cell: string, daemon: Daemon): string {
  const [common = '', ...others] = cell.split(' | ')
  const prefix = `${daemon}:`
  const own = others.find(other => other.startsWith(prefix))
  return own === undefined ? common : own.slice(prefix.length).trim()
}

function expanded(text: string): string {
  return text.replaceAll(/<(\d+)>/g, (_, length) => 'x'.repeat(Number(length)))
}
