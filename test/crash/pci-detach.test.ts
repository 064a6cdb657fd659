import { pciDetach } from './matrix/pci-detach.ts'
import { specify } from './specify.ts'

specify(pciDetach)
