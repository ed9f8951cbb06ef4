// Names of files and folders as people read them.

import { h } from "./dom.js";

const EXTENSION = /\.(3gp|asf|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)$/i;

export const titleOf = (name) => name.replace(EXTENSION, "") || name;

export const lastOf = (path) => path.split("/").pop();

export const folderOf = (path) => path.split("/").slice(0, -1).join("/");

// Names in any direction of writing do not turn what stands around them.
export const isolated = (text) => h("bdi", {}, text);

// What people call a container.
export const containerOf = (name) => (name ? { matroska: "MKV", quicktime: "MOV" }[name] || name.toUpperCase() : null);
