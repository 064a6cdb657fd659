import { saveState } from './matrix/save-state.ts'
import { specify } from './specify.ts'

specify(saveState)
