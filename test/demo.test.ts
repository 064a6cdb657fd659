import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { start as startProgram } from '@stubdom/demo'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A script of the demonstration, as `npm start` and `npm run playground` run it after their set-up. */
function run(script: string, ...args: string[]) {
  const node = ['--import', 'tsx', '--conditions=@stubdom/source', `${root}demo/src/${script}`]
  return startProgram(process.execPath, [...node, ...args], process.env).finished
}

test('the demonstration runs to its end and leaves no process and no file', async () => {
  const { exitCode, stdout, stderr } = await run('demo-main.ts')
  expect(stdout.trimEnd().split('\n').at(-1), `${stdout}${stderr}`).toMatch(/^demo: \d+ steps, 0 failed$/)
  expect(exitCode).toBe(0)
  const directory = /(\/\S*\/stubdom-\w+)\/hvm1\.state/.exec(stdout)?.[1] ?? ''
  expect(directory).not.toBe('')
  expect(existsSync(directory)).toBe(false)
  const { stdout: processes } = await startProgram('ps', ['-eo', 'args'], {}).finished
  expect(processes).not.toContain(directory)
})

test('the playground detaches when it is ready, can be used, and is stopped', async () => {
  const up = await run('playground-main.ts', '--daemon')
  expect(up.exitCode, up.stderr).toBe(0)
  const xenstored = /export XENSTORED_PATH=(\S+)/.exec(up.stdout)?.[1] ?? ''
  const listing = await startProgram('xenstore-ls', ['-f', '/local/domain'], { XENSTORED_PATH: xenstored }).finished
  expect(listing.stdout).toContain('/local/domain/7/target = "6"')
  const second = await run('playground-main.ts', '--daemon')
  expect(second.exitCode).toBe(1)
  expect(second.stderr).toContain('runs already')

  const down = await run('playground-main.ts', '--stop')
  expect(down.exitCode).toBe(0)
  expect(existsSync(xenstored)).toBe(false)
  const { stdout: processes } = await startProgram('ps', ['-eo', 'args'], {}).finished
  expect(processes).not.toContain(xenstored.replace(/\/xs\/.*/, ''))
})
