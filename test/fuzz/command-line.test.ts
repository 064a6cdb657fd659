import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FLAGS = ['--import', 'tsx', '--conditions=@stubdom/source', 'test/fuzz/main.ts']

async function fuzz(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const end = await promisify(execFile)(process.execPath, [...FLAGS, ...args], { cwd: ROOT }).catch(error => error)
  return { code: end.code ?? 0, stdout: end.stdout, stderr: end.stderr }
}

test('so many inputs for one target, and a report of them', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fuzz-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'report.json')
  const { code, stdout, stderr } = await fuzz('--inputs', '2000', '--target', 'event', '--seed', '1', '--json', file)
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/event +2000 inputs/)
  const report = JSON.parse(readFileSync(file, 'utf8'))
  expect(report).toMatchObject({ seed: 1, found: [], targets: [{ target: 'event', runs: 2_000 }] })
  const { blocks, reached } = report.coverage.find((one: { file: string }) => one.file.endsWith('codec/decode.ts'))
  expect(reached).toBeGreaterThan(blocks / 2)
})

test.each([
  [['--target', 'nothing'], /there is no target nothing/],
  [['--inputs', 'many'], /many is no number/],
  [['--for', 'ever'], /--for/],
])('%j is refused', { timeout: 60_000 }, async (args, message) => {
  const { code, stderr } = await fuzz(...args)
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})
