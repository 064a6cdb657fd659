import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSpecialPath, PATH_MAX, pathProblem } from './path.ts'

const x = (length: number): string => 'x'.repeat(length)

describe('paths', () => {
  test.each([
    '/',
    '/a',
    'a',
    'data/a-b_c@9',
    '/@x',
    'a@',
    '-',
    x(PATH_MAX),
    `/${x(PATH_MAX - 1)}`,
    `/local/domain/7/${x(PATH_MAX)}`,
    `/local/domain/32751/${x(PATH_MAX)}`,
  ])('%s', path => {
    expect(pathProblem(path)).toBeUndefined()
  })
})

describe('no paths', () => {
  test.each<[path: string, problem: RegExp]>([
    ['', /empty/],
    ['//', /\/\//],
    ['a//b', /\/\//],
    ['a/', /ends in \//],
    ['/a/', /ends in \//],
    ['/a b', /" "/],
    ['/0000:00:02.0', /":"/],
    ['/a.b', /"\."/],
    ['a\0b', /"\\u0000"/],
    ['a\n', /"\\n"/],
    ['/ä', /"ä"/],
    ['@releaseDomain', /begins with @/],
    ['@x', /begins with @/],
    [x(PATH_MAX + 1), /2049 characters long, the limit is 2048/],
    [`/${x(PATH_MAX)}`, /2049/],
    [`/local/domain/7/${x(PATH_MAX + 1)}`, /2049 characters long after \/local\/domain\/7\//],
    [`/local/domain/123456/${x(PATH_MAX - 10)}`, /limit/],
  ])('%j', (path, problem) => {
    expect(pathProblem(path)).toMatch(problem)
  })
})

test.each([
  ['@introduceDomain', true],
  ['@releaseDomain', true],
  ['@other', false],
  ['releaseDomain', false],
  ['', false],
])('%j is special: %s', (path, special) => {
  expect(isSpecialPath(path)).toBe(special)
})

test('whatever is called a path holds nothing that a daemon would refuse, and every problem is said in printable words', () => {
  const piece = fc.constantFrom('/', '//', '@', 'a', 'local', 'domain', '7', '-', '.', '\u009b', 'ä', '\0')
  const pieces = fc.array(piece, { maxLength: 8 }).map(list => list.join(''))
  const judged = fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), path => {
    const problem = pathProblem(path)
    return problem === undefined
      ? /^(\/|\/?[\w@-]+(\/[\w@-]+)*)$/.test(path)
      : !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(problem)
  })
  expect(() => fc.assert(judged, { numRuns: 300 })).not.toThrow()
})
