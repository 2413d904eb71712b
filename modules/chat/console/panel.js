// Chat: the channels and their messages. public/README.md describes what a panel exports.

import { chatView } from "./chat.js";

export const routes = [
  ["/chat", chatView, { role: "user", title: "Chat" }],
  ["/chat/:channel", chatView, { role: "user", title: "Chat" }],
];

export const places = [{ name: "Chat", address: "/chat", role: "user", icon: "chat", order: 20 }];
