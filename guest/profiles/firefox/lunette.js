// Desktops may not make user namespaces; Firefox goes without and would say so at every start.
pref("security.sandbox.warn_unprivileged_namespaces", false);
pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
pref("browser.aboutwelcome.enabled", false);
// A desktop that was stopped was not a crash.
pref("browser.sessionstore.resume_from_crash", false);
