import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROGRAMS } from '@stubdom/demo'
import { build, type Plugin, transform } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { shippedOptions } from '../../scripts/lib/bundle-options.mjs'
import { named } from './matrix/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = ['packages/stubdom-agent/src', 'packages/dom0-agent/src'].map(folder => join(root, folder))

/** A statement that names a step, alone on its line. */
const NAMED = /^ *reached\('([a-z -]+)'.*\)$/gm

/** As if no step was named anywhere. */
const withoutSteps: Plugin = {
  name: 'without-steps',
  setup(bundle) {
    bundle.onLoad({ filter: /packages\/(stubdom|dom0)-agent\/src\/.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8').replace(NAMED, '')
      return { contents: text.replace(/^import \{ reached \}.*$/m, ''), loader: 'ts' }
    })
  },
}

/** A bundle as it ships, but for the names, which esbuild shortens before it drops the last of what has no effect: that is done once more first. */
async function program(entry: string, plugins: Plugin[]): Promise<string> {
  const options = { entryPoints: [join(root, entry)], ...shippedOptions, minify: false, minifySyntax: true, plugins }
  const { outputFiles } = await build({ ...options, write: false })
  const { code } = await transform(outputFiles[0]?.text ?? '', { minifySyntax: true })
  return (await transform(code, { minify: true, legalComments: 'none' })).code
}

describe.each([
  ['stubdom-agent', 'packages/stubdom-agent/src/main.ts', PROGRAMS.agent],
  ['stubdomctl', 'packages/dom0-agent/src/cli/main.ts', PROGRAMS.stubdomctl],
])('%s as it ships', (_name, entry, shipped) => {
  test('is the same program as if no step was named in its sources', async () => {
    const [withSteps, without] = await Promise.all([program(entry, []), program(entry, [withoutSteps])])
    expect(withSteps.length).toBeGreaterThan(100_000)
    expect(withSteps === without).toBe(true)
  })

  test('has nothing of the steps’ names, and nothing that a variable could switch on', async () => {
    const bundle = await readFile(shipped, 'utf8')
    const names = [...named()].filter(step => step.includes(' ') && !/^(answer|request) (read|written)$/.test(step))
    expect(names.filter(step => bundle.includes(step))).toEqual([])
    expect(bundle).not.toContain('STUBDOM_CRASH')
  })
})

test('every step that is named in the sources is in the matrix', () => {
  const steps = SOURCES.flatMap(sources).flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(NAMED)].map(([, step]) => ({ step, file: relative(root, file) })),
  )
  expect(steps.length).toBeGreaterThan(25)
  const known = new Set([...named()].map(step => step.replace(/ #\d+$/, '')))
  const isKnown = (step = '') => known.has(step) || [...known].some(name => name.endsWith(` ${step}`))
  expect(steps.filter(({ step }) => !isKnown(step))).toEqual([])
})

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map(name => join(folder, name))
}
