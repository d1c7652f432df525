/** The core as it ships: the exports of `core.wasm`. */
export { abandon, adoptAsPending, list, listOne, reserve, rewind } from "./allocation";
export {
  close,
  ended,
  endedAll,
  fileListed,
  fileLive,
  fileMappings,
  fileNext,
  find,
  forget,
  free,
  gref,
  released,
  map,
  open,
  allocationRun,
  unmap,
} from "./core";
export { nextRun, pending, runFile, runPage, staging, sweep } from "./pending";
export { limit, listed, live, mapped, setLimit } from "./totals";
