using TenantIdP.Demo.Idp;
using TenantIdP.Demo.SamlIdp;

namespace TenantIdP.Demo;

/// <summary>How somebody of the demo proves who they are.</summary>
public enum DemoSignIn
{
    Password,
    Oidc,
    Saml,
}

/// <summary>An organization's own sign-in, and the address at which the demo runs the identity provider behind it.</summary>
public abstract record DemoConnection(string Name, Uri Url);

public sealed record DemoOidcConnection(string Name, Uri Url, string ClientId, string ClientSecret) : DemoConnection(Name, Url);

public sealed record DemoSamlConnection(string Name, Uri Url) : DemoConnection(Name, Url)
{
    /// <summary>The provider signs with a certificate past its end, and the connection refuses that: nobody gets in.</summary>
    public bool ExpiredCertificate { get; init; }

    /// <summary>Group of the provider, role here.</summary>
    public IReadOnlyDictionary<string, string> GroupRoles { get; init; } = new Dictionary<string, string>();
}

/// <summary>A custom role of one organization, with permissions of the demo's API.</summary>
public sealed record DemoRole(string Key, string Name, IReadOnlyList<string> Permissions);

/// <summary>A workspace of one organization: who is in it by email, with one role each.</summary>
public sealed record DemoWorkspace(string Slug, string Name, IReadOnlyDictionary<string, string> Members);

public sealed record DemoOrganization(string Slug, string Name, IReadOnlyList<string> Domains)
{
    public DemoConnection? Connection { get; init; }

    /// <summary>Policy: the session must hold a proof from this organization's own connection.</summary>
    public bool RequireSso { get; init; }

    /// <summary>Its domains are claimed, and wait for their record in the sandbox.</summary>
    public bool HasStillToProve { get; init; }

    public IReadOnlyList<DemoRole> Roles { get; init; } = [];

    public IReadOnlyList<DemoWorkspace> Workspaces { get; init; } = [];
}

/// <summary>A membership to seed: organization slug and role keys.</summary>
public sealed record DemoMembership(string Organization, params IReadOnlyList<string> Roles);

/// <summary>Without memberships, the person is not to be seeded: signing in makes them (or fails to).</summary>
public sealed record DemoPerson(string Email, string GivenName, string FamilyName, DemoSignIn SignsInBy, string WhatToSee, params IReadOnlyList<DemoMembership> Memberships)
{
    public string Name => $"{GivenName} {FamilyName}";

    /// <summary>A second address, at an organization that knows this person as a colleague: its identity provider has them too.</summary>
    public string? AlsoKnownAs { get; init; }

    /// <summary>Groups at the person's own identity provider.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>From before their organization had its own sign-in: no longer asked for there, but good as the proof that a second sign-in is theirs.</summary>
    public bool KeepsPassword { get; init; }

    public IEnumerable<string> Emails => AlsoKnownAs is null ? [Email] : [Email, AlsoKnownAs];
}

/// <summary>A permission of the demo's API, and the built-in roles that have it in every organization.</summary>
public sealed record DemoPermission(string Name, params IReadOnlyList<string> BuiltInRoles);

public sealed record DemoApi(string Identifier, string Name, IReadOnlyList<DemoPermission> Permissions);

/// <summary>
/// Who and what exists in the demo, as facts: nothing here talks to a server. Secrets are constants on purpose,
/// so that documents can show them; the demo starts in Development on loopback only.
/// </summary>
public sealed class DemoUniverse
{
    public const string Password = "vK7-harbor-tulip-2931-demo";
    public const string AppName = "Ledgerline";
    public const string AppClientId = "ledgerline";
    public const string AppClientSecret = "development-only-ledgerline-4f1c9a7e2b";
    public const string ManagementClientId = "demo-management";
    public const string ManagementClientSecret = "development-only-management-8d03b6f51c";
    public const string ManagementScope = "management";

    /// <summary>Whose events the application is sent.</summary>
    public const string WebhookOrganization = "acme";

    /// <summary>Whose people and groups come by SCIM when somebody pushes them.</summary>
    public const string DirectoryOrganization = "acme";

    public const string DirectoryName = "Acme's identity provider";

    public DemoUniverse(DemoHosts hosts) => Hosts = hosts;

    public DemoHosts Hosts { get; }

    public DemoApi Api { get; } = new("https://ledgerline.test/api", "Ledgerline API",
    [
        new("invoices:read", "owner", "admin", "member"),
        new("invoices:write", "owner", "admin"),
        new("invoices:approve", "owner"),
    ]);

    public required IReadOnlyList<DemoOrganization> Organizations { get; init; }

    public required IReadOnlyList<DemoPerson> People { get; init; }

    public static DemoUniverse On(DemoHosts hosts) => new(hosts)
    {
        Organizations =
        [
            new("acme", "Acme", ["acme.test"])
            {
                Roles = [new("billing", "Billing", ["invoices:read", "invoices:write", "invoices:approve"]), new(Scim.GroupRole.RoleKey, Scim.GroupRole.RoleName, ["invoices:read", "invoices:write"])],
                Workspaces =
                [
                    new("billing", "Billing", new Dictionary<string, string> { ["ann@acme.test"] = "admin", ["bob@acme.test"] = "admin" }),
                    new("research", "Research", new Dictionary<string, string> { ["ann@acme.test"] = "member", ["jim@initech.test"] = "billing" }),
                ],
                Connection = new DemoSamlConnection("Acme SAML", hosts.AcmeIdp) { GroupRoles = new Dictionary<string, string> { ["Finance"] = "billing" } },
            },
            new("globex", "Globex", ["globex.test", "globex-labs.test"])
            {
                RequireSso = true,
                Connection = new DemoOidcConnection("Globex OpenID Connect", hosts.GlobexIdp, "tenantidp-at-globex", "development-only-globex-71c0de93ab"),
            },
            new("initech", "Initech", ["initech.test"]) { HasStillToProve = true },
            new("umbrella", "Umbrella", ["umbrella.test"]) { Connection = new DemoSamlConnection("Umbrella SAML", hosts.UmbrellaIdp) { ExpiredCertificate = true } },
        ],
        People =
        [
            new("ann@acme.test", "Ann", "Acheson", DemoSignIn.Saml, "Owner at Acme; switches to Initech; Globex refuses the switch until she signs in there, where she is ann@globex-labs.test, and shows once the password she had before Acme's SSO", new("acme", "owner"), new("initech", "member"), new("globex", "guest")) { AlsoKnownAs = "ann@globex-labs.test", KeepsPassword = true },
            new("bob@acme.test", "Bob", "Barlow", DemoSignIn.Saml, "In the group Finance at Acme's provider, which gives the role billing; switches to Initech by refresh, without signing in again", new("acme", "member"), new("initech", "admin")) { Groups = ["Finance"] },
            new("gina@globex.test", "Gina", "Gupta", DemoSignIn.Oidc, "Signs in at Globex's own identity provider", new DemoMembership("globex", "admin")),
            new("hank@globex.test", "Hank", "Hollis", DemoSignIn.Oidc, "Not a member yet: the first sign-in makes the account and the membership"),
            new("iris@initech.test", "Iris", "Ivanova", DemoSignIn.Password, "Owner of Initech, which has no SSO", new DemoMembership("initech", "owner")),
            new("jim@initech.test", "Jim", "Jansen", DemoSignIn.Password, "Chooses between Initech and Acme after his password, and switches by refresh; a guest at Acme, he sees no invoices until he works in its workspace Research", new("initech", "member"), new("acme", "guest")),
            new("eve@consumer.test", "Eve", "Ellery", DemoSignIn.Password, "A guest from outside: sees no invoices and is told why", new DemoMembership("initech", "guest")),
            new("otto@consumer.test", "Otto", "Olsen", DemoSignIn.Password, "Looks after Umbrella from outside: signed in, he can open the trace of Ursula's refusal, step by step", new DemoMembership("umbrella", "owner")),
            new("user@umbrella.test", "Ursula", "Umber", DemoSignIn.Saml, "Umbrella's provider signs with an expired certificate, which its connection refuses: a page that says so, and a trace that names the day"),
        ],
    };

    /// <summary>The OpenID providers to start, one for each connection.</summary>
    public IEnumerable<DemoIdpOptions> OidcProviders() =>
        from organization in Organizations
        let connection = organization.Connection as DemoOidcConnection
        where connection is not null
        select new DemoIdpOptions
        {
            Name = organization.Name,
            Issuer = connection.Url,
            ClientId = connection.ClientId,
            ClientSecret = connection.ClientSecret,
            RedirectUris = [At("/sso/oidc/*/callback")],
            People = [.. PeopleOf(organization)],
        };

    /// <summary>The SAML providers to start, one for each connection.</summary>
    public IEnumerable<DemoSamlIdpOptions> SamlProviders(string stateFolder) =>
        from organization in Organizations
        let connection = organization.Connection as DemoSamlConnection
        where connection is not null
        select new DemoSamlIdpOptions
        {
            Name = organization.Name,
            Url = connection.Url,
            AcsPatterns = [At("/sso/saml/*/acs")],
            SloPatterns = [At("/sso/saml/*/slo")],
            People = [.. PeopleOf(organization)],
            Fault = connection.ExpiredCertificate ? DemoSamlIdpFault.ExpiredCertificate : DemoSamlIdpFault.None,
            KeyFile = Path.Combine(stateFolder, $"{organization.Slug}-saml.pem"),
        };

    public DemoOrganization? HomeOf(DemoPerson person) => Organizations.FirstOrDefault(organization => IsAt(organization, person.Email));

    private IEnumerable<DemoIdpPerson> PeopleOf(DemoOrganization organization) =>
        from person in People
        from email in person.Emails
        where IsAt(organization, email)
        select DemoIdpPerson.At(organization.Name, email, person.GivenName, person.FamilyName) with { Groups = person.Groups };

    private string At(string path) => $"{Hosts.Issuer.GetLeftPart(UriPartial.Authority)}{path}";

    private static bool IsAt(DemoOrganization organization, string email) =>
        organization.Domains.Contains(email[(email.IndexOf('@', StringComparison.Ordinal) + 1)..]);
}
