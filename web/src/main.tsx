import "./boot";
