import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { checkInstalled, daemons } from './daemons.ts'

const HAS_ALL = daemons().length === 3

/** As on a machine without gcc, in a process that has not asked before. */
async function withoutGcc(ci: string) {
  vi.stubEnv('PATH', '/nonexistent')
  vi.stubEnv('CI', ci)
  vi.resetModules()
  return import('./daemons.ts')
}

describe.runIf(HAS_ALL)('a daemon that cannot run here', () => {
  let said = ''

  beforeEach(() => {
    said = ''
    vi.spyOn(process.stderr, 'write').mockImplementation(text => {
      said += `${text}`
      return true
    })
  })

  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })

  test('is left out, which is said once for each with how to get it', async () => {
    const fresh = await withoutGcc('')
    expect([fresh.daemons(), fresh.daemons()]).toEqual([['embedded'], ['embedded']])
    expect(said.trimEnd().split('\n')).toEqual([
      'Not tested on the c daemon: gcc is missing: apt-get install gcc libc6-dev',
      'Not tested on the ocaml daemon: gcc is missing: apt-get install gcc libc6-dev',
    ])
  })

  test('fails the file with CI=true', async () => {
    const fresh = await withoutGcc('true')
    expect(() => fresh.daemons()).toThrow(/apt-get install gcc/)
  })

  test('can be asked for by name', () => {
    vi.stubEnv('PATH', '/nonexistent')
    expect(() => checkInstalled('c')).toThrow(expect.objectContaining({ code: 'missing-package' }))
    expect(() => checkInstalled('embedded')).not.toThrow()
  })
})
