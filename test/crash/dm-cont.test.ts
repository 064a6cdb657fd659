import { dmCont } from './matrix/dm-cont.ts'
import { specify } from './specify.ts'

specify(dmCont)
