/** Whether the server still knows who we are. */

import { create } from "zustand";

export const useSession = create<{ signedOut: boolean }>(() => ({ signedOut: false }));
