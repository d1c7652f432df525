/** The core as it ships. */
export { abandon, adopt, list, listOne, reserve, rewind } from "./allocation";
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
  letGo,
  map,
  open,
  together,
  unmap,
} from "./core";
export { nextRun, pending, runFile, runPage, staging, sweep } from "./pending";
export { limit, listed, live, mapped, setLimit } from "./totals";
