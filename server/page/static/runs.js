// Past runs, kept in this browser's own database and nowhere else.

const NAME = "smacs";
const STORE = "runs";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function within(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** All runs, the latest first. */
export async function allRuns() {
  const runs = await within("readonly", (store) => store.getAll());
  return runs.sort((left, right) => right.at.localeCompare(left.at));
}

export const keepRun = (run) => within("readwrite", (store) => store.put(run));
export const dropRun = (id) => within("readwrite", (store) => store.delete(id));
export const dropAllRuns = () => within("readwrite", (store) => store.clear());
