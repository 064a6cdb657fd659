/**
 * Requests of one kind that are under way at a time: below the 20 that C xenstored takes from a domain before it stops reading.
 */
const WINDOW = 16

/** `task` for every item, no more than {@link WINDOW} at a time; the results in the order of the items. */
export async function windowed<T, R>(items: readonly T[], task: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      results[index] = await task(items[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(WINDOW, items.length) }, work))
  return results
}
