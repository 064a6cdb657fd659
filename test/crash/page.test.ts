import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { points, withTables } from './matrix/page.ts'

const PAGE = fileURLToPath(new URL('../../docs/crashes.md', import.meta.url))

test('docs/crashes.md has the tables that the crash tests go by (vitest run test/crash/page --update renews it)', async () => {
  await expect(withTables(await readFile(PAGE, 'utf8'))).toMatchFileSnapshot(PAGE)
  expect(points()).toBeGreaterThanOrEqual(40)
})
