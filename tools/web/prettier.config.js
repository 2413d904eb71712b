// How the console's files are formatted.
export default {
  printWidth: 100,
  tabWidth: 2,
  useTabs: false,
};
