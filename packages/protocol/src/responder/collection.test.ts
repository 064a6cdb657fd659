import { expect, test } from 'vitest'
import { Collection } from './collection.ts'

test('what is added is due 50 ms after the first, together', () => {
  const collection = new Collection()
  collection.add('ping/1', 'ping', 100)
  collection.add('status/2', 'status', 140)
  collection.add('ping/3', 'ping', 149)
  expect(collection.dueAt).toBe(150)
  expect(collection.take()).toEqual(new Set(['ping', 'status']))
  expect(collection.dueAt).toBe(Number.POSITIVE_INFINITY)
  expect(collection.has('ping/1')).toBe(false)
})

test('the 32nd is due at once', () => {
  const collection = new Collection()
  for (let n = 1; n < 32; n++) collection.add(`ping/${n}`, 'ping', 100)
  expect(collection.dueAt).toBe(150)
  collection.add('ping/32', 'ping', 110)
  expect(collection.dueAt).toBe(110)
})

test('one that is named again does not count twice, nor does it put off what is due', () => {
  const collection = new Collection()
  for (let n = 0; n < 40; n++) collection.add('ping/1', 'ping', 100 + n)
  expect(collection.dueAt).toBe(150)
})

test('a listing was asked for what was there then, and answers it once', () => {
  const collection = new Collection()
  collection.add('ping/1', 'ping', 0)
  collection.add('status/1', 'status', 0)
  collection.add('ping/2', 'ping', 0)
  collection.delete('ping/2')
  collection.take()
  collection.add('ping/3', 'ping', 1)
  expect(collection.asked('ping')).toEqual(new Set(['ping/1']))
  expect(collection.asked('ping')).toEqual(new Set())
  collection.disconnected()
  expect(collection.asked('status')).toEqual(new Set())
})
