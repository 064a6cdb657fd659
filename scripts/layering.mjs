// Enforces who may import whom: arrows point down only, and nothing reaches into another package's files.
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
import { root } from './lib/root.mjs'

/** What each package's sources may import besides their own files; tests may import anything. */
const MAY_IMPORT = {
  'packages/xenstore': ['node', 'rxjs'],
  'packages/qmp': ['node', 'rxjs'],
  'packages/protocol': ['zod'],
  'packages/stubdom-agent': ['node', 'rxjs', 'zod', 'pino', '@stubdom/xenstore', '@stubdom/qmp', '@stubdom/protocol'],
  'packages/dom0-agent': [
    'node',
    'rxjs',
    'zod',
    'pino',
    'commander',
    'picocolors',
    '@stubdom/xenstore',
    '@stubdom/protocol',
  ],
  'test/xenstored': ['node', 'rxjs', '@stubdom/xenstore'],
  demo: ['node', 'rxjs', '@stubdom/xenstore', '@stubdom/qmp', '@stubdom/test-xenstored'],
}

/** Folders that must do without Node's own modules: they are the cores that could run anywhere. */
const WITHOUT_NODE = ['packages/stubdom-agent/src/commands', 'packages/stubdom-agent/src/pci']

/** Globals that a core without I/O, clock and randomness has no use for. */
const IMPURE = /\b(process|Buffer|setTimeout|setInterval|performance|crypto|Date\.now|Math\.random|new Date)\b/

const problems = []
for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
  const top = sourcesOf(folder)
  for (const file of sources(top)) checkFile(folder, top, allowed, file)
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)

function sourcesOf(folder) {
  return folder.startsWith('test/') ? join(root, folder) : join(root, folder, 'src')
}

function checkFile(folder, top, allowed, file) {
  const name = relative(root, file)
  const code = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')
  for (const [, specifier] of code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"]+)['"]/g)) {
    const layer = layerOf(specifier)
    if (layer === 'own') {
      const target = relative(top, join(file, '..', specifier))
      if (target.startsWith('..'))
        problems.push(`${name}: ${specifier} is a file of another package; import the package`)
    } else if (!allowed.includes(layer)) problems.push(`${name}: ${folder} must not import ${specifier}`)
    else if (layer === 'node' && WITHOUT_NODE.some(place => name.startsWith(place))) {
      problems.push(`${name}: must do without Node's ${specifier}`)
    }
  }
  if (folder === 'packages/protocol') {
    const impure = IMPURE.exec(code)
    if (impure) problems.push(`${name}: uses ${impure[0]}; clock, randomness and I/O are passed in`)
  }
}

function layerOf(specifier) {
  if (specifier.startsWith('.')) return 'own'
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return 'node'
  const [scope, name] = specifier.split('/')
  return scope.startsWith('@') ? `${scope}/${name}` : scope
}

function sources(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !/\/(testing|dist|node_modules)\//.test(file))
}
