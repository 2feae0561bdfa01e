using TenantIdP.Demo.Idp;

namespace TenantIdP.Demo;

/// <summary>How somebody of the demo proves who they are.</summary>
public enum DemoSignIn
{
    Password,
    Oidc,
}

public sealed record DemoConnection(string Name, Uri Issuer, string ClientId, string ClientSecret, bool JitProvisioning);

/// <summary>A custom role of one organization, with permissions of the demo's API.</summary>
public sealed record DemoRole(string Key, string Name, IReadOnlyList<string> Permissions);

public sealed record DemoOrganization(string Slug, string Name, IReadOnlyList<string> Domains)
{
    public DemoConnection? Connection { get; init; }

    /// <summary>Policy: the session must hold a proof from this organization's own connection.</summary>
    public bool RequireSso { get; init; }

    public IReadOnlyList<DemoRole> Roles { get; init; } = [];
}

/// <summary>A membership to seed: organization slug and role keys.</summary>
public sealed record DemoMembership(string Organization, params IReadOnlyList<string> Roles);

/// <summary>Without memberships, the person is not to be seeded: signing in makes them (or fails to).</summary>
public sealed record DemoPerson(string Email, string GivenName, string FamilyName, DemoSignIn SignsInBy, string WhatToSee, params IReadOnlyList<DemoMembership> Memberships)
{
    public string Name => $"{GivenName} {FamilyName}";

    /// <summary>A second address, at an organization that knows this person as a colleague: its identity provider has them too.</summary>
    public string? AlsoKnownAs { get; init; }

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

    private DemoUniverse(DemoHosts hosts) => Hosts = hosts;

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
            new("acme", "Acme", ["acme.test"]) { Roles = [new("billing", "Billing", ["invoices:read", "invoices:write", "invoices:approve"])] },
            new("globex", "Globex", ["globex.test", "globex-labs.test"])
            {
                RequireSso = true,
                Connection = new("Globex OpenID Connect", hosts.GlobexIdp, "tenantidp-at-globex", "development-only-globex-71c0de93ab", JitProvisioning: true),
            },
            new("initech", "Initech", ["initech.test"]),
            new("umbrella", "Umbrella", ["umbrella.test"])
            {
                Connection = new("Umbrella OpenID Connect", hosts.UmbrellaIdp, "tenantidp-at-umbrella", "development-only-umbrella-5e8f2a4d60", JitProvisioning: true),
            },
        ],
        People =
        [
            new("ann@acme.test", "Ann", "Acheson", DemoSignIn.Password, "Owner at Acme; switches to Initech; Globex refuses the switch until she signs in there, where she is ann@globex-labs.test", new("acme", "owner"), new("initech", "member"), new("globex", "guest")) { AlsoKnownAs = "ann@globex-labs.test" },
            new("bob@acme.test", "Bob", "Barlow", DemoSignIn.Password, "Switches between Acme and Initech by refresh, without signing in again", new("acme", "member", "billing"), new("initech", "admin")),
            new("gina@globex.test", "Gina", "Gupta", DemoSignIn.Oidc, "Signs in at Globex's own identity provider", new DemoMembership("globex", "admin")),
            new("hank@globex.test", "Hank", "Hollis", DemoSignIn.Oidc, "Not a member yet: the first sign-in makes the account and the membership"),
            new("iris@initech.test", "Iris", "Ivanova", DemoSignIn.Password, "Owner of Initech, which has no SSO", new DemoMembership("initech", "owner")),
            new("eve@consumer.test", "Eve", "Ellery", DemoSignIn.Password, "A guest from outside: sees no invoices and is told why", new DemoMembership("initech", "guest")),
            new("user@umbrella.test", "Ursula", "Umber", DemoSignIn.Oidc, "Umbrella's identity provider signs with an unknown key: a clear error with a trace id"),
        ],
    };

    /// <summary>The identity providers to start, one for each connection.</summary>
    public IEnumerable<DemoIdpOptions> IdentityProviders() =>
        from organization in Organizations
        where organization.Connection is not null
        let connection = organization.Connection
        select new DemoIdpOptions
        {
            Name = organization.Name,
            Issuer = connection.Issuer,
            ClientId = connection.ClientId,
            ClientSecret = connection.ClientSecret,
            RedirectUris = [$"{Hosts.Issuer.GetLeftPart(UriPartial.Authority)}/sso/oidc/*/callback"],
            People =
            [
                .. from person in People
                   from email in person.Emails
                   where IsAt(organization, email)
                   select DemoIdpPerson.At(organization.Name, email, person.GivenName, person.FamilyName),
            ],
            Fault = organization.Slug == "umbrella" ? DemoIdpFault.ForeignKey : DemoIdpFault.None,
        };

    public DemoOrganization? HomeOf(DemoPerson person) => Organizations.FirstOrDefault(organization => IsAt(organization, person.Email));

    private static bool IsAt(DemoOrganization organization, string email) =>
        organization.Domains.Contains(email[(email.IndexOf('@', StringComparison.Ordinal) + 1)..]);
}
