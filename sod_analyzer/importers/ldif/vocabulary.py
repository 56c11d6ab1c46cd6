"""The words of directory products: which classes are accounts or groups, what attributes mean.

Names are in lower case, as LDAP compares them. Sources: RFC 2256, 2307, 2307bis, 2798, 4519, 4524;
Microsoft's Active Directory schema; the schemas of OpenLDAP, 389 Directory Server, eDirectory,
OpenDJ, Samba and FreeIPA.
"""

from __future__ import annotations

#: Somebody or something that signs in.
ACCOUNT_CLASSES = frozenset(
    {
        "account",
        "applicationentity",
        "applicationprocess",
        "contact",
        "dominoperson",
        "inetorgperson",
        "inetuser",
        "msds-delegatedmanagedserviceaccount",
        "msds-groupmanagedserviceaccount",
        "msds-managedserviceaccount",
        "newpilotperson",
        "openldapperson",
        "orcluser",
        "orcluserv2",
        "organizationalperson",
        "person",
        "pilotperson",
        "posixaccount",
        "residentialperson",
        "sambaaccount",
        "sambasamaccount",
        "shadowaccount",
        "simplesecurityobject",
        "uidobject",
        "user",
    }
)
#: Accounts behind which a program stands. A service principal name alone is no proof: people have
#: them too, and a person taken for a program would leave the rules about people.
WORKLOAD_CLASSES = frozenset(
    {
        "applicationentity",
        "applicationprocess",
        "msds-delegatedmanagedserviceaccount",
        "msds-groupmanagedserviceaccount",
        "msds-managedserviceaccount",
    }
)
#: Machines. They are left out unless a group lists them.
MACHINE_CLASSES = frozenset({"computer", "device", "iphost", "server"})
MANAGED_SERVICE_CLASSES = frozenset(
    {
        "msds-delegatedmanagedserviceaccount",
        "msds-groupmanagedserviceaccount",
        "msds-managedserviceaccount",
    }
)
#: Address book entries of Active Directory: a person's classes, but no way to sign in.
CONTACT_CLASS = "contact"
#: A class that makes an entry an account in spite of `CONTACT_CLASS`.
SIGN_IN_CLASSES = frozenset({"user", "posixaccount", "simplesecurityobject", "inetuser"})

#: Group classes as they are shown, the most telling first.
GROUP_CLASSES: dict[str, str] = {
    name.lower(): name
    for name in (
        "groupOfURLs",
        "dynamicGroup",
        "nsManagedRoleDefinition",
        "nsFilteredRoleDefinition",
        "nsNestedRoleDefinition",
        "nsRoleDefinition",
        "groupOfUniqueNames",
        "groupOfNames",
        "groupOfEntries",
        "groupOfMembers",
        "groupOfUniqueNamesOfURLs",
        "dominoGroup",
        "ipaUserGroup",
        "nestedGroup",
        "nisNetgroup",
        "posixGroup",
        "sambaGroupMapping",
        "univentionGroup",
        "group",
    )
}
DYNAMIC_CLASSES = frozenset({"groupofurls", "dynamicgroup", "nsfilteredroledefinition"})
NESTED_ROLE_CLASS = "nsnestedroledefinition"
NETGROUP_CLASS = "nisnetgroup"
FOREIGN_CLASS = "foreignsecurityprincipal"
#: Places in the tree; as a member of a group they stand for nobody in particular.
CONTAINER_CLASSES = frozenset(
    {
        "builtindomain",
        "container",
        "country",
        "dcobject",
        "domain",
        "domaindns",
        "locality",
        "nscontainer",
        "organization",
        "organizationalunit",
    }
)

#: On a group: names of its members.
MEMBER_DN = frozenset({"member", "uniquemember", "roleoccupant"})
#: On a holder: names of the groups it belongs to.
MEMBER_OF = frozenset({"memberof", "ismemberof", "groupmembership", "nsrole", "nsroledn"})
#: On a group: logins of its members.
MEMBER_LOGIN = "memberuid"
NETGROUP_TRIPLE = "nisnetgrouptriple"
NETGROUP_CHILD = "membernisnetgroup"
MEMBER_VALUES = frozenset({MEMBER_LOGIN, NETGROUP_TRIPLE, NETGROUP_CHILD})
#: Filters by which the server computes the members.
DYNAMIC_FILTERS = frozenset({"memberurl", "memberqueryurl", "nsrolefilter", "labeleduri"})

#: An entry of no known class that has one of these is taken for a group, …
GROUP_HINTS = MEMBER_DN | {MEMBER_LOGIN, NETGROUP_TRIPLE, NETGROUP_CHILD, "memberurl", "grouptype"}
#: … and one that has one of these for an account.
ACCOUNT_HINTS = frozenset({"uid", "samaccountname", "userprincipalname", "useraccountcontrol"})

LOGIN = ("samaccountname", "uid", "cn")
NAME = ("displayname", "cn", "name", "gecos")
EMPLOYEE_ID = ("employeenumber", "employeeid")
OWNER = ("owner", "managedby", "manager")
ROLE_OWNER = ("owner", "managedby")

#: Attribute and the values, in lower case, by which it says yes or no to "is it switched off?".
SWITCHES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "nsaccountlock": (frozenset({"true"}), frozenset({"false"})),
    "logindisabled": (frozenset({"true"}), frozenset({"false"})),
    "msds-useraccountdisabled": (frozenset({"true"}), frozenset({"false"})),
    "ds-pwp-account-disabled": (frozenset({"true"}), frozenset({"false"})),
    "ibm-pwdaccountlocked": (frozenset({"true"}), frozenset()),
    "inetuserstatus": (frozenset({"inactive", "deleted"}), frozenset({"active"})),
    "orclisenabled": (frozenset({"disabled"}), frozenset({"enabled"})),
    "pwdaccountdisabled": (frozenset({"true"}), frozenset({"false"})),
}

#: What the model needs of an entry. Nothing else is held in memory, let alone printed.
WANTED: frozenset[str] = (
    MEMBER_DN
    | MEMBER_OF
    | DYNAMIC_FILTERS
    | GROUP_HINTS
    | ACCOUNT_HINTS
    | frozenset({*LOGIN, *NAME, *EMPLOYEE_ID, *OWNER})
    | SWITCHES.keys()
    | {
        "accountexpires",
        "admincount",
        "authtimestamp",
        "createtimestamp",
        "description",
        "gidnumber",
        "krblastsuccessfulauth",
        "krbprincipalexpiration",
        "lastlogon",
        "lastlogontimestamp",
        "lockoutduration",
        "lockouttime",
        "loginexpirationtime",
        "logintime",
        "mail",
        "objectclass",
        "objectsid",
        "primarygroupid",
        "pwdaccountlockedtime",
        "sambaacctflags",
        "samaccounttype",
        "shadowexpire",
        "sidhistory",
        "uidnumber",
        "whencreated",
    }
)

#: Attributes that hold secrets, keys or pictures. They are in no list above; naming one of them in
#: the options is refused.
SECRET = frozenset(
    {
        "audio",
        "authpassword",
        "cacertificate",
        "dbcspwd",
        "ibm-slapdadminpw",
        "initialauthincoming",
        "initialauthoutgoing",
        "ipanthash",
        "jpegphoto",
        "krbextradata",
        "krbmkey",
        "krbprincipalkey",
        "krbpwdhistory",
        "lmpassword",
        "lmpwdhistory",
        "ms-mcs-admpwd",
        "msds-managedpassword",
        "mslaps-encryptedpassword",
        "mslaps-password",
        "ntpassword",
        "ntpwdhistory",
        "olcrootpw",
        "photo",
        "privatekey",
        "pwdhistory",
        "sambalmpassword",
        "sambantpassword",
        "sambapasswordhistory",
        "sshpublickey",
        "supplementalcredentials",
        "thumbnaillogo",
        "thumbnailphoto",
        "trustauthincoming",
        "trustauthoutgoing",
        "unicodepwd",
        "unixuserpassword",
        "usercertificate",
        "userpassword",
        "userpkcs12",
        "usersmimecertificate",
    }
)
