import { existsSync } from 'node:fs'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { QmpClient } from '@stubdom/qmp'
import { daemons } from '@stubdom/test-xenstored'
import { expect, test } from 'vitest'
import { compileVchanServer } from '../../scripts/lib/compile.mjs'
import { Stubdomain } from './stubdomain.ts'

const DEBIANS = '/usr/lib/xen-4.17/bin/vchan-socket-proxy'

async function boot(proxy: (directory: string) => Promise<string>): Promise<Stubdomain> {
  const stubdomain = await Stubdomain.create(daemons()[0] ?? 'embedded')
  await stubdomain.writeArguments(stubdomain.modelArguments())
  await stubdomain.makeControlDirectory()
  await stubdomain.boot('--vchan-proxy', await proxy(stubdomain.directory))
  return stubdomain
}

/** A program in the proxy's place. */
async function script(path: string, text: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return path
}

test.runIf(daemons().length > 1)('ours, which ends at once without Xen: the agent serves, and says so', async () => {
  const stubdomain = await boot(() => compileVchanServer())
  await stubdomain.status(
    /"ready","error":"no QMP over vchan: stubdom-vchan\S* .*exit code 1: stubdom-vchan: no vchan .* device-model\/6\/qmp-vchan for domain 0/,
  )
  expect(await stubdomain.ctl('status', 'hvm1')).toMatchObject({ ok: true })
  expect(stubdomain.log.match(/trying again/g), 'told once').toHaveLength(1)
})

test.runIf(existsSync(DEBIANS))('Debian’s, in its place: it ends as ours does', async () => {
  const stubdomain = await boot(async () => DEBIANS)
  await stubdomain.status(
    /"ready","error":"no QMP over vchan: vchan-socket-proxy .*exit code 1: libxenvchan_server_init/,
  )
})

test('one that ends is started again, later each time', async () => {
  const stubdomain = await boot(directory =>
    script(join(directory, 'proxy'), `echo "$@" >>${directory}/starts; exit 7`),
  )
  await stubdomain.status(/"ready","error":"no QMP over vchan: .*exit code 7"/)
  const starts = join(stubdomain.directory, 'starts')
  const lines = async () => (await readFile(starts, 'utf8')).trim().split('\n')
  await expect.poll(async () => (await lines()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4)
  const socket = join(stubdomain.directory, 'run', 'toolstack.qmp')
  expect(new Set(await lines())).toEqual(new Set([`--mode=server 0 device-model/6/qmp-vchan ${socket}`]))
})

test('one that is not there is told', async () => {
  const stubdomain = await boot(async directory => join(directory, 'no-proxy'))
  expect(await stubdomain.status(/"ready","error"/)).toMatch(/no QMP over vchan: .*could not be started: .*no-proxy/)
})

test('one that runs ends with the stubdomain, orderly', async () => {
  const stubdomain = await boot(directory =>
    script(join(directory, 'proxy'), `trap 'echo stopped >${directory}/end; exit' TERM; while :; do sleep 0.05; done`),
  )
  const status = await stubdomain.status(/"ready"/)
  expect(status).not.toContain('error')
  const toolstack = await QmpClient.connect({ path: join(stubdomain.directory, 'run', 'toolstack.qmp') })
  expect(await toolstack.execute('query-status'), 'what it leads to').toMatchObject({ running: true })
  await toolstack.close()
  await expect.poll(() => stubdomain.processes(/^\/bin\/sh\0[^\0]*proxy/)).toHaveLength(1)
  await stubdomain.signalInit('SIGTERM')
  await stubdomain.ended
  expect(await readFile(join(stubdomain.directory, 'end'), 'utf8')).toBe('stopped\n')
})
