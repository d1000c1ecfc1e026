//! The code that is generated from the tests' schemas, and from those of a real, large API of this bus: the modules `api_gateway`,
//! `container`, `flist`, `gateway`, `identityd`, `node`, `registrar`, `vmd` and `zui`, which Zero-OS serves.

zbus::include_schemas!();
