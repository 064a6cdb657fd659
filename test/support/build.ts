import { bundlePrograms } from '../../scripts/lib/bundle.mjs'

/** What tests start as a process of its own is bundled from the sources as they are now. */
export default async function setup(): Promise<void> {
  await bundlePrograms()
}
