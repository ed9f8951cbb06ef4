// Names of files and folders as people read them.

import { h } from "./dom.js";

// As src/types/extension.rs has them.
const EXTENSION = /\.(3g2|3gp|aac|asf|avi|divx|dv|f4v|flac|flv|m2ts|m2v|m4a|m4b|m4v|mka|mkv|mov|mp3|mp4|mpeg|mpg|mts|mxf|oga|ogg|ogm|ogv|opus|qt|rmvb|ts|vob|wav|webm|wma|wmv)$/i;

export const titleOf = (name) => name.replace(EXTENSION, "") || name;

export const lastOf = (path) => path.split("/").pop();

export const folderOf = (path) => path.split("/").slice(0, -1).join("/");

// Names in any direction of writing do not turn what stands around them.
export const isolated = (text) => h("bdi", {}, text);

// What people call a container.
export const containerOf = (name) => (name ? { matroska: "MKV", quicktime: "MOV" }[name] || name.toUpperCase() : null);
