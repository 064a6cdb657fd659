import { appendFile, chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Stands for `stubdom-plumb -`: writes down what it was asked, and does it, refuses it, or goes wrong. */
export class FakeHelper {
  readonly program: string
  readonly #requests: string
  readonly #starts: string
  readonly #refused: string
  readonly #errno: string
  readonly #odd: string
  readonly #oddity: string

  /** @param dir of its own, where its files go */
  static async make(dir: string): Promise<FakeHelper> {
    const helper = new FakeHelper(dir)
    for (const file of [helper.#requests, helper.#starts]) await appendFile(file, '')
    for (const file of [helper.#refused, helper.#odd]) await writeFile(file, '^nothing$')
    await writeFile(
      helper.program,
      `#!/bin/sh
[ "$*" = - ] || exit 2
echo $$ >> ${helper.#starts}
while read -r request; do
  echo "$request" >> ${helper.#requests}
  if echo "$request" | grep -Eqf ${helper.#odd}; then
    . ${helper.#oddity}
  elif echo "$request" | grep -Eqf ${helper.#refused}; then
    echo '{"ok":false,"call":"'"\${request%% *}"'","errno":'$(cat ${helper.#errno})',"message":"Operation not permitted"}'
  else
    echo '{"ok":true}'
  fi
done
`,
    )
    await chmod(helper.program, 0o755)
    return helper
  }

  private constructor(dir: string) {
    this.program = join(dir, 'stubdom-plumb')
    this.#requests = join(dir, 'hypercalls')
    this.#starts = join(dir, 'starts')
    this.#refused = join(dir, 'refused')
    this.#errno = join(dir, 'errno')
    this.#odd = join(dir, 'odd')
    this.#oddity = join(dir, 'oddity')
  }

  /** What it was asked so far, of whichever process. */
  requests(): Promise<string[]> {
    return lines(this.#requests)
  }

  /** The processes so far, and whether each is there still. */
  async processes(): Promise<boolean[]> {
    return (await lines(this.#starts)).map(pid => isThere(Number(pid)))
  }

  /** From now on refuses what matches, with EPERM or with what is said. */
  async refuse(pattern: string, errno = 1): Promise<void> {
    await writeFile(this.#errno, `${errno}`)
    await writeFile(this.#refused, pattern)
  }

  /** From now on runs a piece of shell for what matches, in place of an answer. */
  async goWrong(pattern: string, shell: string): Promise<void> {
    await writeFile(this.#oddity, shell)
    await writeFile(this.#odd, pattern)
  }
}

async function lines(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').filter(Boolean)
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
