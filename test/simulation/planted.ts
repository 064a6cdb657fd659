import { Call, COMMANDS, Responder, type ResponderEffect, type ResponderInput } from '@stubdom/protocol'
import type { PromiseName } from './check/violation.ts'

/** A bug that is planted on purpose, to see that it is found. */
export interface PlantedBug {
  readonly what: string
  /** The promises of which it breaks at least one. */
  readonly breaks: readonly PromiseName[]
  /** Puts it into the programs; returns what takes it out again. */
  plant(): () => void
}

type Handle = (this: Responder, input: ResponderInput, now: number) => ResponderEffect[]

/** Replaces a method of everything that a class makes, for a time. */
function patched<T extends object, K extends keyof T>(target: T, name: K, make: (original: T[K]) => T[K]): () => void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor
  Object.defineProperty(target, name, { ...descriptor, value: make(descriptor.value as T[K]) })
  return () => Object.defineProperty(target, name, descriptor)
}

function inResponder(make: (original: Handle) => Handle): () => void {
  return patched(Responder.prototype, 'handle', make as (original: Responder['handle']) => Responder['handle'])
}

/** What may stand in a request that nobody took back. */
const SOME_REQUEST = Buffer.from('{}')

export const PLANTED_BUGS = {
  'drop-the-claim': {
    what: 'the agent goes to QEMU without having written its claim',
    breaks: ['claim'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            return handle.call(this, input, now).flatMap(effect => {
              if (effect.do !== 'claim') return [effect]
              const { command, id } = effect
              return handle.call(this, { on: 'claimed', command, id, request: SOME_REQUEST }, now)
            })
          },
      ),
  },
  'done-on-device-del': {
    what: 'the agent answers an unplug with done when device_del returns',
    breaks: ['unplug', 'truth'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            if (input.on !== 'accepted' || input.command !== 'pci-detach') return handle.call(this, input, now)
            const { command, id } = input
            const result = { bdf: '0000:03:00.0', qdevId: 'pci-pt-0000_03_00.0' }
            return handle.call(this, { on: 'executed', command, id, outcome: { kind: 'done', result } }, now)
          },
      ),
  },
  'forget-the-gc': {
    what: 'the agent never removes the answers that were collected',
    breaks: ['nothing-left'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            return handle.call(this, input, now).filter(effect => effect.do !== 'remove-response')
          },
      ),
  },
  'forget-the-requests': {
    what: 'dom0 never removes requests',
    breaks: ['nothing-left'],
    plant: () =>
      patched(
        Call.prototype,
        'handle',
        handle =>
          function (this: Call, input, now) {
            return handle.call(this, input, now).filter(effect => effect.do !== 'remove-request')
          },
      ),
  },
  'forget-what-was-left': {
    what: 'a new agent does not look at what an earlier one had claimed',
    breaks: ['truth', 'agreement', 'nothing-left'],
    plant: () =>
      inResponder(
        handle =>
          function (input, now) {
            return handle.call(this, input.on === 'started' ? { ...input, responses: [] } : input, now)
          },
      ),
  },
  'cancel-without-commit': {
    what: 'the agent calls back what QEMU has already, and says cancelled',
    breaks: ['truth'],
    plant: () => patched(Responder.prototype, 'commit', () => () => true),
  },
  'never-give-up': {
    what: 'a call does not notice that its time is over',
    breaks: ['deadline'],
    plant: () =>
      patched(
        Call.prototype,
        'handle',
        handle =>
          function (this: Call, input, now) {
            return input.on === 'tick' ? [] : handle.call(this, input, now)
          },
      ),
  },
  'no-order': {
    what: 'commands that change the same device run side by side',
    breaks: ['order', 'truth', 'unplug'],
    plant: () => {
      const detach = patched(COMMANDS['pci-detach'], 'touches', () => () => [])
      const attach = patched(COMMANDS['pci-attach'], 'touches', () => () => [])
      return () => {
        detach()
        attach()
      }
    },
  },
} as const satisfies Record<string, PlantedBug>
