/** The command line that asks again for the outcome of the command that `argv` gave. */
export function pickUpLine(argv: readonly string[], id: string): string {
  const kept: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    if (word === '--id') at++
    else if (!word.startsWith('--id=')) kept.push(word)
  }
  return ['stubdomctl', '--id', id, ...kept].map(quoted).join(' ')
}

/** As a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
