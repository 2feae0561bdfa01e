using System.Security.Cryptography;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Faults.Bench;

internal sealed record Person(string Id, string MemberId, string Email);

/// <summary>An organization with an owner and members, and an app that signs them in.</summary>
internal sealed class World
{
    public const string Password = "correct horse battery staple";

    private World(Fleet fleet, string organization, TestApp app, IReadOnlyList<Person> people) => (Fleet, Organization, App, People) = (fleet, organization, app, people);

    public Fleet Fleet { get; }

    public string Organization { get; }

    public TestApp App { get; }

    /// <summary>The first is the owner.</summary>
    public IReadOnlyList<Person> People { get; }

    public static async Task<World> MakeAsync(Fleet fleet, int people, CancellationToken ct)
    {
        var owner = await UserAsync(fleet, Password, ct);
        var organization = (await fleet.Operator.PostAsync("organizations", new { displayName = "Bench", slug = Unique("bench"), ownerUserId = owner.Id }, ct)).Text("id");
        var members = new List<Person>();
        for (var i = 1; i < people; i++)
        {
            var user = await UserAsync(fleet, Password, ct);
            members.Add(user with { MemberId = await AddAsync(fleet, organization, user.Id, ct, "admin") });
        }

        return new World(fleet, organization, await AppAsync(fleet, ct), [owner, .. members]);
    }

    /// <param name="toldAt">Where it is told of sign-outs.</param>
    public static async Task<TestApp> AppAsync(Fleet fleet, CancellationToken ct, string? toldAt = null)
    {
        var redirect = $"https://{Unique("app")}.example/callback";
        var wanted = new Dictionary<string, object>
        {
            ["displayName"] = "Bench app", ["kind"] = "web", ["redirectUris"] = new[] { redirect }, ["scopes"] = new[] { "openid", "profile", "email", "offline_access" },
        };
        if (toldAt is not null) wanted["backchannelLogoutUri"] = toldAt;
        var made = await fleet.Operator.PostAsync("apps", wanted, ct);
        var app = made.Body!["app"]!; // made, or PostAsync had thrown
        return new TestApp((string)app["id"]!, (string)app["clientId"]!, made.Text("clientSecret"), redirect); // by the API's document
    }

    /// <summary>Nobody's member yet.</summary>
    public static async Task<Person> UserAsync(Fleet fleet, string? password, CancellationToken ct)
    {
        var email = $"{Unique("person")}@bench.example";
        var made = await fleet.Operator.PostAsync("users", new { emails = new[] { new { address = email, verified = true } }, name = "Bench Person", password }, ct);
        return new Person(made.Text("id"), "", email);
    }

    public static async Task<string> AddAsync(Fleet fleet, string organization, string user, CancellationToken ct, params string[] roles) =>
        (await fleet.Operator.PostAsync($"organizations/{organization}/members", new { userId = user, roles }, ct)).Text("id");

    /// <summary>An organization of an owner who never signs in.</summary>
    public static async Task<string> OrganizationAsync(Fleet fleet, CancellationToken ct)
    {
        var owner = await UserAsync(fleet, null, ct);
        return (await fleet.Operator.PostAsync("organizations", new { displayName = "Bench", slug = Unique("org"), ownerUserId = owner.Id }, ct)).Text("id");
    }

    public static string Unique(string stem) => $"{stem}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
}
