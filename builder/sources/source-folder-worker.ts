/** The entry of a thread that compiles one share of a source folder. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FolderShare, loadFolderShare } from './source-folder.js';

parentPort?.postMessage(await loadFolderShare(workerData as FolderShare));
