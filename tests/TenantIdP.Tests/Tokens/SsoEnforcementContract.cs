using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>Every rule about single sign-on against every way to a token. Speaks HTTP only, names no engine.</summary>
public abstract class SsoEnforcementContract(IdpHost idp) : EngineScene(idp)
{
    private const string Interaction = "interaction_required";
    private static readonly string[] Grants = ["authorize", "code", "refresh", "switch", "exchange", "device"];

    /// <param name="Person">What the person is in the organization, and how they have proven themselves.</param>
    /// <param name="Rule">Set after tokens were given out.</param>
    /// <param name="Refused">The grants that must ask for a sign-in; all others must work.</param>
    private sealed record Case(Person Person, Func<Scene, NewSsoEnforcement> Rule, params string[] Refused);

    private sealed record Person(string[] Roles)
    {
        public bool ProvesBySso { get; init; }
        public bool ProvesByMail { get; init; }
        public TimeSpan ProvenAgo { get; init; } = TimeSpan.FromMinutes(1);
        public Func<Id<Organization>, Id<User>, bool> Is { get; init; } = (_, _) => true;
        public bool LosesOwner { get; init; }
    }

    private sealed record Scene(RelyingParty App, RelyingParty Device, Organization Plain, Organization Strict, Connection Connection, User User, Member Member, WebBrowser Browser);

    private static readonly Person Plain = new([BuiltInRoles.Member]);
    private static readonly Person Guest = new([BuiltInRoles.Guest]);
    private static readonly Person Owner = new([BuiltInRoles.Owner]);
    private static readonly NewSsoEnforcement Required = new(SsoMode.Required);
    private static readonly NewSsoEnforcement ExceptGuests = new(SsoMode.RequiredExceptRoles) { ExceptRoles = [BuiltInRoles.Guest] };

    private static bool IsAmong(int percent, Id<Organization> organization, Id<User> user) => new SsoEnforcement { RolloutPercent = percent }.Concerns(organization, user, []);

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["optional"] = new(Plain, _ => new NewSsoEnforcement(SsoMode.Optional)),
        ["required"] = new(Plain, _ => Required, Grants),
        ["required, proven there"] = new(Plain with { ProvesBySso = true }, _ => Required),
        ["required, an owner"] = new(Owner, _ => Required, Grants),
        ["spared by the only role"] = new(Guest, _ => ExceptGuests),
        ["not spared by another role"] = new(Plain, _ => ExceptGuests, Grants),
        ["not spared by one role of two"] = new(new Person([BuiltInRoles.Guest, BuiltInRoles.Member]), _ => ExceptGuests, Grants),
        ["among the first percents"] = new(Plain with { Is = (o, u) => IsAmong(50, o, u) }, _ => Required with { RolloutPercent = 50 }, Grants),
        ["not yet among the first percents"] = new(Plain with { Is = (o, u) => !IsAmong(50, o, u) }, _ => Required with { RolloutPercent = 50 }),
        ["a role of the roll-out"] = new(new Person([BuiltInRoles.Admin]), _ => Required with { RolloutRoles = [BuiltInRoles.Admin] }, Grants),
        ["no role of the roll-out yet"] = new(Plain, _ => Required with { RolloutRoles = [BuiltInRoles.Admin] }),
        ["break-glass"] = new(Owner, s => Required with { BreakGlass = [s.User.Id] }, "switch"),
        ["break-glass, proven too long ago"] = new(Owner with { ProvenAgo = SsoEnforcement.BreakGlassCounts + TimeSpan.FromMinutes(1) }, s => Required with { BreakGlass = [s.User.Id] }, Grants),
        ["break-glass, by a code that was mailed"] = new(Owner with { ProvesByMail = true }, s => Required with { BreakGlass = [s.User.Id] }, Grants),
        ["break-glass, no longer an owner"] = new(Owner with { LosesOwner = true }, s => Required with { BreakGlass = [s.User.Id] }, Grants),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static NewApp Device(NewApp app) => app with { Kind = AppKind.Public, RedirectUris = [], PostLogoutRedirectUris = [], GrantTypes = [AppGrantTypes.DeviceCode, AppGrantTypes.RefreshToken] };

    private async Task<Scene> SceneAsync(Person person, TestUpstream upstream)
    {
        var app = await Host.CreateAppAsync(Ct, a => a with { GrantTypes = [AppGrantTypes.AuthorizationCode, AppGrantTypes.RefreshToken, AppGrantTypes.TokenExchange] });
        var (plain, strict) = (await Host.CreateOrganizationAsync(Ct), await Host.CreateOrganizationAsync(Ct));
        var host = await Host.VerifyDomainAsync(strict, Ct);
        var connection = await Host.ConnectAsync(strict, upstream, Ct);
        User user;
        do user = await Host.CreateUserAsync($"{Host.Unique("ann")}@{host}", Ct);
        while (!person.Is(strict.Id, user.Id));
        await Host.AddMemberAsync(plain, user, Ct);
        var member = await Host.AddMemberAsync(strict, user, Ct, person.Roles);
        var proven = TimeProvider.System.GetUtcNow() - person.ProvenAgo;
        var own = person.ProvesByMail ? SessionProof.Mailbox(proven) : SessionProof.Password(proven);
        SessionProof[] proofs = person.ProvesBySso ? [own, new(connection.Id, strict.Id, proven, ["fed"])] : [own];
        var (browser, _) = await Host.SignedInAsync(user, Ct, proofs);
        return new Scene(app, await Host.CreateAppAsync(Ct, Device), plain, strict, connection, user, member, browser);
    }

    [Theory, MemberData(nameof(Names))]
    [Trait("Attack", "D1")]
    public async Task A_rule_counts_on_every_way_to_a_token(string name)
    {
        var (wanted, organization) = (Cases[name], "organization");
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(wanted.Person, upstream);
        var strict = scene.Strict.Id.ToString();

        // All of these were given out before there was a rule.
        var pending = scene.App.Authorize((organization, strict));
        var code = RelyingParty.Answer(await scene.Browser.GetAsync(pending.Address, Ct, scene.App.IsCallback))["code"];
        var inStrict = await IdpHost.TokensAsync(scene.Browser, scene.App, Ct, (organization, strict));
        var inPlain = await IdpHost.TokensAsync(scene.Browser, scene.App, Ct, (organization, scene.Plain.Id.ToString()));
        var device = await ApproveAsync(scene, strict);
        await Host.UseAsync<SsoEnforcementService, Organization>(s => s.SetAsync(scene.Strict.Id, wanted.Rule(scene), Granter.Instance, null, Ct));
        if (wanted.Person.LosesOwner)
        {
            await Host.AddMemberAsync(scene.Strict, await Host.CreateUserAsync($"{Host.Unique("heir")}@{Host.UniqueHost()}", Ct), Ct, BuiltInRoles.Owner);
            await Host.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(scene.Strict.Id, scene.Member.Membership.Id, BuiltInRoles.Member, Granter.Instance, Ct), scene.Strict.Id);
            await Host.UseAsync<MemberService, Member>(s => s.RevokeRoleAsync(scene.Strict.Id, scene.Member.Membership.Id, BuiltInRoles.Owner, Granter.Instance, Ct), scene.Strict.Id);
        }

        var answers = new Dictionary<string, (string? Error, JsonObject? Body)>
        {
            ["authorize"] = (RelyingParty.Answer(await scene.Browser.GetAsync(scene.App.Authorize((organization, strict), ("prompt", "none")).Address, Ct, scene.App.IsCallback)).GetValueOrDefault("error"), null),
            ["code"] = Of(await scene.App.RedeemAsync(code, pending.Verifier, Ct)),
            ["exchange"] = Of(await scene.App.TokenAsync([("grant_type", AppGrantTypes.TokenExchange), ("subject_token", inStrict.AccessToken), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), ("resource", IdpHost.InvoicesApi)], Ct)),
            ["refresh"] = Of(await scene.App.RefreshAsync(inStrict.RefreshToken, Ct)),
            ["switch"] = Of(await scene.App.RefreshAsync(inPlain.RefreshToken, Ct, (organization, strict))),
            ["device"] = Of(await scene.Device.TokenAsync([("grant_type", AppGrantTypes.DeviceCode), ("device_code", device)], Ct)),
        };

        Assert.Equal(Grants.Select(g => (g, wanted.Refused.Contains(g) ? Interaction : null)), Grants.Select(g => (g, answers[g].Error)));
        foreach (var grant in (string[])["refresh", "switch"])
        {
            if (answers[grant].Error is not null) Assert.Equal(strict, (string?)answers[grant].Body!["organization"]); // so that the app knows what to ask for
        }

        // What was refused is not spent, and elsewhere nothing has changed.
        if (wanted.Refused.Contains("switch")) Assert.True((await scene.App.RefreshAsync(inPlain.RefreshToken, Ct)).IsOk);
    }

    private static (string? Error, JsonObject? Body) Of(TokenAnswer answer) => (answer.Error, answer.Body);

    private static async Task<string> ApproveAsync(Scene scene, string organization)
    {
        var started = (await scene.Device.TokenAsync([("scope", "openid offline_access"), ("organization", organization)], Ct, "/connect/device")).Body;
        var page = await scene.Browser.GetAsync((string)started["verification_uri"]!, Ct); // always there
        page = await scene.Browser.SubmitAsync(page, new Dictionary<string, string> { ["user_code"] = (string)started["user_code"]! }, Ct); // as above
        page = await scene.Browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, button: page.Document.QuerySelector("button[value='yes']"));
        Assert.Contains("connected", page.Text, StringComparison.Ordinal);
        return (string)started["device_code"]!; // as above
    }

    [Fact]
    public void A_larger_part_has_everybody_of_a_smaller_one_in_it()
    {
        var now = TimeProvider.System.GetUtcNow();
        var organization = Id<Organization>.New(now);
        var people = Enumerable.Range(0, 2_000).Select(_ => Id<User>.New(now)).ToList();
        var parts = new[] { 1, 10, 25, 50, 99, 100 }.Select(percent => people.Where(p => IsAmong(percent, organization, p)).ToHashSet()).ToList();

        Assert.All(parts.Zip(parts.Skip(1)), pair => Assert.Subset(pair.Second, pair.First));
        Assert.Equal(people.Count, parts[^1].Count);
        Assert.InRange(parts[3].Count, 850, 1_150); // half of them, give or take
        Assert.NotEqual(parts[3], people.Where(p => IsAmong(50, Id<Organization>.New(now), p)).ToHashSet()); // not the same people everywhere
    }

    [Fact]
    public void A_role_that_is_or_extends_owner_or_admin_is_never_spared()
    {
        var now = TimeProvider.System.GetUtcNow();
        var rule = new SsoEnforcement { ExceptRoles = [BuiltInRoles.Owner, BuiltInRoles.Admin, "auditor", "helper"] };
        bool Concerns(params HeldRole[] roles) => rule.Concerns(Id<Organization>.New(now), Id<User>.New(now), roles);

        Assert.True(Concerns(new HeldRole(BuiltInRoles.Owner, [])));
        Assert.True(Concerns(new HeldRole(BuiltInRoles.Admin, [])));
        Assert.True(Concerns(new HeldRole("helper", [], BuiltInRoles.Admin)));
        Assert.True(Concerns(new HeldRole("auditor", []), new HeldRole("helper", [], BuiltInRoles.Admin)));
        Assert.False(Concerns(new HeldRole("auditor", [])));
        Assert.True(Concerns()); // whoever holds nothing holds nothing that spares them
    }
}

[Collection(SqliteHost.Name)]
public sealed class SsoEnforcementContractOnSqlite(SqliteIdp idp) : SsoEnforcementContract(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SsoEnforcementContractOnPostgreSql(PostgreSqlIdp idp) : SsoEnforcementContract(idp);
