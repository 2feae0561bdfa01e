using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Invitations;

public abstract class InvitationEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string NewAddress() => $"{ManagementHost.Unique("i")}@example.test";

    private static string Path(Id<Organization> organization, string rest = "") => $"organizations/{organization}/invitations{rest}";

    private static async Task<JsonElement> OkAsync(HttpResponseMessage answer, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<JsonElement> InviteAsync(HttpClient api, Id<Organization> organization, object body, HttpStatusCode status = HttpStatusCode.Created) =>
        await OkAsync(await api.PostAsJsonAsync(Path(organization), body, Ct), status);

    private async Task<HttpClient> AsAsync(Id<Organization> organization, string role) => await host.AsUserAsync((await host.NewMemberAsync(organization, role, Ct)).Membership.UserId, organization, Ct);

    [Fact]
    [Trait("Attack", "C4")]
    public async Task The_link_is_given_once_to_an_operators_app_and_to_nobody_of_the_organization()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        using var instance = host.AsOperator();
        var made = await InviteAsync(instance, organization, new { email = NewAddress() });
        Assert.StartsWith($"{ManagementHost.Issuer}/invitations/tidp_inv_", made.GetProperty("url").GetString(), StringComparison.Ordinal);
        var id = made.GetProperty("invitation").GetProperty("id").GetString();
        var again = await InviteAsync(instance, organization, new { email = made.GetProperty("invitation").GetProperty("email").GetString() }, HttpStatusCode.OK);
        Assert.Equal(("existing", JsonValueKind.Null), (again.GetProperty("outcome").GetString(), again.GetProperty("url").ValueKind));
        Assert.Equal(JsonValueKind.Null, (await OkAsync(await instance.PostAsync(Path(organization, $"/{id}/resend"), null, Ct))).GetProperty("url").ValueKind);

        var key = (await host.UseAsync<KeyService, Result<MadeKey>>(organization, s => s.CreateAsync(organization, new KeySettings("Key", [.. BuiltInRoles.Of(BuiltInRoles.Member), Permission.InvitationsRead, Permission.InvitationsWrite], null), null, Granter.Instance, Ct))).Value!; // valid input
        using var asKey = host.Client(key.Secret);
        using var asOwner = await host.AsUserAsync(owner, organization, Ct);
        foreach (var client in new[] { asOwner, asKey })
        {
            var bodies = new[]
            {
                await client.PostAsJsonAsync(Path(organization), new { email = NewAddress() }, Ct), await client.PostAsJsonAsync(Path(organization, "/bulk"), new { invitations = new[] { new { email = NewAddress() } } }, Ct),
                await client.PostAsync(Path(organization, $"/{id}/resend"), null, Ct), await client.GetAsync(Path(organization), Ct), await client.GetAsync(Path(organization, $"/{id}"), Ct),
                await client.GetAsync($"organizations/{organization}", Ct),
            };
            foreach (var body in bodies)
            {
                Assert.True(body.IsSuccessStatusCode, await body.Content.ReadAsStringAsync(Ct));
                Assert.DoesNotContain("tidp_inv_", await body.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
                Assert.DoesNotContain("sha256.", await body.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            }
        }

        var told = await host.ReadAsync(organization, async db => string.Join('\n', (await db.Events.Select(e => e.Data).ToListAsync(Ct)).Concat(await db.PersonalEventData.Select(p => p.Data).ToListAsync(Ct)).Concat(await db.OutboxMessages.Select(m => m.Payload).ToListAsync(Ct))));
        Assert.DoesNotContain("tidp_inv_", told, StringComparison.Ordinal);
        Assert.DoesNotContain("sha256.", told, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "C5")]
    public async Task There_is_no_redirect_but_to_the_start_of_a_registered_app()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var plain = (await host.UseAsync<AppService, Result<CreatedApp>>(null, s => s.CreateAsync(new NewApp("No start", AppKind.Web) { RedirectUris = ["https://app.example.test/cb"] }, Ct))).Value!.App.Id; // valid input
        var start = (await host.UseAsync<AppService, Result<CreatedApp>>(null, s => s.CreateAsync(new NewApp("Start", AppKind.Web) { RedirectUris = ["https://app.example.test/cb"], InitiateLoginUri = "https://app.example.test/start" }, Ct))).Value!.App.Id; // valid input

        foreach (var extra in new[] { "redirectUri", "redirectUrl", "acceptUrl", "returnTo" })
            Assert.Equal(HttpStatusCode.BadRequest, (await api.PostAsJsonAsync(Path(organization), new Dictionary<string, object> { ["email"] = NewAddress(), [extra] = "https://evil.example/" }, Ct)).StatusCode);
        foreach (var app in new[] { plain, Id<App>.New(DateTimeOffset.UnixEpoch) })
            await AssertProblem.IsAsync(await api.PostAsJsonAsync(Path(organization), new { email = NewAddress(), appId = app.ToString() }, Ct), HttpStatusCode.BadRequest, "invitation_app_invalid", Ct);
        await InviteAsync(api, organization, new { email = NewAddress(), appId = start.ToString() });
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_invites_to_more_than_they_have_and_only_an_owner_invites_an_owner()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var secret = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole("vault", "Vault", ["vault:open"]), Granter.Instance, Ct))).Value!; // valid input
        var workspace = (await host.UseAsync<WorkspaceService, Result<Workspace>>(organization, s => s.CreateAsync(organization, new NewWorkspace("Vault", null), Ct))).Value!; // valid input
        using var admin = await AsAsync(organization, BuiltInRoles.Admin);
        using var owner = await AsAsync(organization, BuiltInRoles.Owner);
        using var member = await AsAsync(organization, BuiltInRoles.Member);

        await AssertProblem.IsAsync(await member.PostAsJsonAsync(Path(organization), new { email = NewAddress() }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        foreach (var body in new object[]
        {
            new { email = NewAddress(), roles = new[] { "owner" } }, new { email = NewAddress(), roles = new[] { "member", "vault" } },
            new { email = NewAddress(), workspaces = new[] { new { workspaceId = workspace.Id.ToString(), roles = new[] { secret.Key } } } },
        })
            await AssertProblem.IsAsync(await admin.PostAsJsonAsync(Path(organization), body, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await AssertProblem.IsAsync(await owner.PostAsJsonAsync(Path(organization), new { email = NewAddress(), workspaces = new[] { new { workspaceId = workspace.Id.ToString(), roles = new[] { "owner" } } } }, Ct), HttpStatusCode.BadRequest, "workspace_role_owner", Ct);
        var bulk = await OkAsync(await admin.PostAsJsonAsync(Path(organization, "/bulk"), new { invitations = new object[] { new { email = NewAddress(), roles = new[] { "owner" } }, new { email = NewAddress() } } }, Ct));
        Assert.Equal(["role_escalation", null], bulk.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("code").GetString()));

        // Sending an owner's again is inviting an owner.
        var id = (await InviteAsync(owner, organization, new { email = NewAddress(), roles = new[] { "owner" } })).GetProperty("invitation").GetProperty("id").GetString();
        await AssertProblem.IsAsync(await admin.PostAsync(Path(organization, $"/{id}/resend"), null, Ct), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await OkAsync(await owner.PostAsync(Path(organization, $"/{id}/resend"), null, Ct));
    }

    [Fact]
    public async Task A_member_is_answered_as_one_and_a_pending_invitation_as_it_is_or_sent_again()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var person = NewAddress();
        var user = (await host.UseAsync<UserService, Result<User>>(null, s => s.CreateAsync(new NewUser([new NewUserEmail(person, true)]), Ct))).Value!; // valid input
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct, user.Id);

        var answer = await InviteAsync(api, organization, new { email = person.ToUpperInvariant().Replace(".TEST", ".test", StringComparison.Ordinal) }, HttpStatusCode.OK);
        Assert.Equal(("already_member", member.Membership.Id.ToString()), (answer.GetProperty("outcome").GetString(), answer.GetProperty("memberId").GetString()));

        var email = NewAddress();
        var first = await InviteAsync(api, organization, new { email, roles = new[] { "guest" }, metadata = new { deal = 7 }, locale = "de-CH" });
        var second = await InviteAsync(api, organization, new { email, roles = new[] { "admin" } }, HttpStatusCode.OK);
        Assert.Equal("existing", second.GetProperty("outcome").GetString());
        Assert.Equal(["guest"], second.GetProperty("invitation").GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal(7, second.GetProperty("invitation").GetProperty("metadata").GetProperty("deal").GetInt32());
        var third = await InviteAsync(api, organization, new { email, resend = true, expiresInHours = 2160 }, HttpStatusCode.OK);
        Assert.Equal(("resent", 1), (third.GetProperty("outcome").GetString(), third.GetProperty("invitation").GetProperty("resentCount").GetInt32()));
        Assert.Equal(first.GetProperty("invitation").GetProperty("id").GetString(), third.GetProperty("invitation").GetProperty("id").GetString());
        Assert.Equal(2, await host.ReadAsync(organization, db => db.OutboxMessages.CountAsync(m => m.Kind == "mail", Ct)));
    }

    [Fact]
    public async Task The_list_has_filters_and_every_transition_is_an_event()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var (gone, late, open) = (NewAddress(), NewAddress(), NewAddress());
        var ids = new Dictionary<string, string>();
        foreach (var email in new[] { gone, late, open }) ids[email] = (await InviteAsync(api, organization, new { email })).GetProperty("invitation").GetProperty("id").GetString()!; // created
        await OkAsync(await api.PostAsync(Path(organization, $"/{ids[gone]}/revoke"), null, Ct));
        var past = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var expired = Id<Invitation>.Parse(ids[late], null);
        await host.ReadAsync(organization, db => db.Invitations.Where(i => i.Id == expired).ExecuteUpdateAsync(set => set.SetProperty(i => i.ExpiresAt, past), Ct));

        foreach (var (query, expected) in new[] { ("?status=pending", new[] { open }), ("?status=revoked", [gone]), ("?status=expired", [late]), ("?status=accepted", []), ($"?email={open}", [open]), ("", [gone, late, open]) })
        {
            var listed = await OkAsync(await api.GetAsync(Path(organization, query), Ct));
            Assert.Equal(expected.Order(), listed.GetProperty("data").EnumerateArray().Select(i => i.GetProperty("email").GetString()!).Order()); // each has one
        }

        await AssertProblem.IsAsync(await api.GetAsync(Path(organization, "?status=open"), Ct), HttpStatusCode.BadRequest, "status_invalid", Ct);
        var page = await OkAsync(await api.GetAsync(Path(organization, "?limit=2"), Ct));
        var rest = await OkAsync(await api.GetAsync(Path(organization, $"?limit=2&after={Uri.EscapeDataString(page.GetProperty("next").GetString()!)}"), Ct)); // there are three
        Assert.Equal((2, 1), (page.GetProperty("data").GetArrayLength(), rest.GetProperty("data").GetArrayLength()));

        await AssertProblem.IsAsync(await api.PostAsync(Path(organization, $"/{ids[gone]}/revoke"), null, Ct), HttpStatusCode.Conflict, "invitation_not_pending", Ct);
        await AssertProblem.IsAsync(await api.PostAsync(Path(organization, $"/{ids[gone]}/resend"), null, Ct), HttpStatusCode.Conflict, "invitation_not_pending", Ct);
        Assert.Equal("pending", (await OkAsync(await api.PostAsync(Path(organization, $"/{ids[late]}/resend"), null, Ct))).GetProperty("invitation").GetProperty("status").GetString());
        await AssertProblem.IsAsync(await api.PostAsync(Path(organization, $"/{ids[open]}/approve"), null, Ct), HttpStatusCode.Conflict, "invitation_no_request", Ct);
        var types = await host.ReadAsync(organization, db => db.Events.Where(e => e.Type.StartsWith("invitation.")).Select(e => e.Type).ToListAsync(Ct));
        Assert.Equal(["invitation.created", "invitation.created", "invitation.created", "invitation.resent", "invitation.revoked"], types.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_expired_one_makes_room_for_a_new_one()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var email = NewAddress();
        var first = (await InviteAsync(api, organization, new { email })).GetProperty("invitation").GetProperty("id").GetString();
        var past = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        await host.ReadAsync(organization, db => db.Invitations.ExecuteUpdateAsync(set => set.SetProperty(i => i.ExpiresAt, past), Ct));

        var second = (await InviteAsync(api, organization, new { email })).GetProperty("invitation").GetProperty("id").GetString();

        Assert.NotEqual(first, second);
        await AssertProblem.IsAsync(await api.PostAsync(Path(organization, $"/{first}/resend"), null, Ct), HttpStatusCode.Conflict, "invitation_not_pending", Ct); // the other is pending
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        foreach (var (body, code) in new (object, string)[]
        {
            (new { email = "a@b@c" }, "email_invalid"), (new { email = NewAddress(), roles = new[] { "nobody-knows" } }, "role_unknown"), (new { email = NewAddress(), expiresInHours = 0 }, "invitation_expiry_invalid"),
            (new { email = NewAddress(), expiresInHours = 2161 }, "invitation_expiry_invalid"), (new { email = NewAddress(), message = new string('x', 501) }, "invitation_message_invalid"),
            (new { email = NewAddress(), message = "a\u001b[31mred" }, "invitation_message_invalid"), (new { email = NewAddress(), message = "a\u202Eb" }, "invitation_message_invalid"), (new { email = NewAddress(), locale = "no locale" }, "locale_invalid"),
            (new { email = NewAddress(), metadata = new { big = new string('x', 17_000) } }, "metadata_too_large"),
            (new { email = NewAddress(), workspaces = new[] { new { workspaceId = Id<Workspace>.New(DateTimeOffset.UnixEpoch).ToString() } } }, "invitation_workspace_unknown"),
        })
            await AssertProblem.IsAsync(await api.PostAsJsonAsync(Path(organization), body, Ct), HttpStatusCode.BadRequest, code, Ct);
        Assert.Equal(0, await host.ReadAsync(organization, db => db.Invitations.CountAsync(Ct)));
        await InviteAsync(api, organization, new { email = NewAddress(), message = "Two\nlines" });
    }

    [Fact]
    public async Task Five_hundred_are_invited_at_once_and_each_row_stands_for_itself()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var same = NewAddress();
        var rows = Enumerable.Range(0, 500).Select(i => new { email = i switch { 0 or 1 => same, 2 => "not an address", _ => NewAddress() } }).ToArray();

        var answer = await OkAsync(await api.PostAsJsonAsync(Path(organization, "/bulk"), new { invitations = rows }, Ct));

        var results = answer.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(rows.Select(r => r.email), results.Select(r => r.GetProperty("email").GetString()));
        Assert.Equal(("created", "existing", "email_invalid"), (results[0].GetProperty("result").GetProperty("outcome").GetString(), results[1].GetProperty("result").GetProperty("outcome").GetString(), results[2].GetProperty("code").GetString()));
        Assert.Equal(498, await host.ReadAsync(organization, db => db.Invitations.CountAsync(Ct)));
        Assert.Equal(HttpStatusCode.BadRequest, (await api.PostAsJsonAsync(Path(organization, "/bulk"), new { invitations = rows.Append(new { email = NewAddress() }) }, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await api.PostAsJsonAsync(Path(organization, "/bulk"), new { invitations = Array.Empty<object>() }, Ct)).StatusCode);
    }

    [Fact]
    public async Task The_same_address_invited_twenty_times_at_once_has_one_invitation()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var email = NewAddress();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => api.PostAsJsonAsync(Path(organization), new { email }, Ct)));

        Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK, a.StatusCode.ToString()));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.Equal(1, await host.ReadAsync(organization, db => db.Invitations.CountAsync(Ct)));
        Assert.Equal(1, await host.ReadAsync(organization, db => db.OutboxMessages.CountAsync(m => m.Kind == "mail", Ct)));
    }

    [Fact]
    public async Task One_is_sent_again_five_times_a_day()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var id = (await InviteAsync(api, organization, new { email = NewAddress() })).GetProperty("invitation").GetProperty("id").GetString();

        for (var i = 1; i <= 5; i++) Assert.Equal(i, (await OkAsync(await api.PostAsync(Path(organization, $"/{id}/resend"), null, Ct))).GetProperty("invitation").GetProperty("resentCount").GetInt32());

        await AssertProblem.IsAsync(await api.PostAsync(Path(organization, $"/{id}/resend"), null, Ct), HttpStatusCode.TooManyRequests, "invitation_resend_limit", Ct);
        Assert.Equal(6, await host.ReadAsync(organization, db => db.OutboxMessages.CountAsync(m => m.Kind == "mail", Ct)));
    }

    [Fact]
    public async Task Taking_back_and_inviting_anew_sends_an_address_no_more_than_ten_mails_a_day()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var email = NewAddress();
        var id = "";
        for (var i = 0; i < 9; i++)
        {
            id = (await InviteAsync(api, organization, new { email = i % 2 == 0 ? email : email.ToUpperInvariant() })).GetProperty("invitation").GetProperty("id").GetString();
            if (i < 8) await OkAsync(await api.PostAsync(Path(organization, $"/{id}/revoke"), null, Ct));
        }

        await OkAsync(await api.PostAsync(Path(organization, $"/{id}/resend"), null, Ct));
        await AssertProblem.IsAsync(await api.PostAsync(Path(organization, $"/{id}/resend"), null, Ct), HttpStatusCode.TooManyRequests, "invitation_address_limit", Ct);
        await OkAsync(await api.PostAsync(Path(organization, $"/{id}/revoke"), null, Ct));
        await AssertProblem.IsAsync(await api.PostAsJsonAsync(Path(organization), new { email }, Ct), HttpStatusCode.TooManyRequests, "invitation_address_limit", Ct);

        var rows = (await OkAsync(await api.PostAsJsonAsync(Path(organization, "/bulk"), new { invitations = new object[] { new { email }, new { email = NewAddress() } } }, Ct))).GetProperty("results");
        Assert.Equal("invitation_address_limit", rows[0].GetProperty("code").GetString());
        Assert.Equal("created", rows[1].GetProperty("result").GetProperty("outcome").GetString());
        Assert.Equal(11, await host.ReadAsync(organization, db => db.OutboxMessages.CountAsync(m => m.Kind == "mail", Ct)));
    }

    [Fact]
    public async Task An_inviter_and_an_organization_have_a_limit_of_an_hour()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var (mine, ours) = (await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct), await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct));
        using var first = await host.AsUserAsync(mine.Membership.UserId, organization, Ct);
        using var second = await host.AsUserAsync(ours.Membership.UserId, organization, Ct);
        await InviteAsync(first, organization, new { email = NewAddress() });
        var inviter = $"invitations {organization} {Fingerprint.Of($"User {mine.Membership.UserId}")}";
        Assert.Equal(1, await host.ReadAsync(null, db => db.Tallies.Where(t => t.Name == inviter).ExecuteUpdateAsync(set => set.SetProperty(t => t.Count, 1_000), Ct)));

        await AssertProblem.IsAsync(await first.PostAsJsonAsync(Path(organization), new { email = NewAddress() }, Ct), HttpStatusCode.TooManyRequests, "invitation_limit", Ct);
        await InviteAsync(second, organization, new { email = NewAddress() });
        await host.ReadAsync(null, db => db.Tallies.Where(t => t.Name == $"invitations {organization}").ExecuteUpdateAsync(set => set.SetProperty(t => t.Count, 2_000), Ct));
        await AssertProblem.IsAsync(await second.PostAsJsonAsync(Path(organization), new { email = NewAddress() }, Ct), HttpStatusCode.TooManyRequests, "invitation_limit", Ct);
    }

    [Fact]
    public async Task The_domains_of_the_organization_hold_for_invitations()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var changed = await host.UseAsync<OrganizationService, Result<Organization>>(null, s => s.UpdateAsync(
            organization, new OrganizationChanges { MembershipDomains = MembershipDomains.List, MembershipDomainList = new Patch<IReadOnlyList<string>>(["allowed.test"]) }, Granter.Instance, null, Ct));
        Assert.True(changed.IsOk, changed.Error?.Code);

        await AssertProblem.IsAsync(await api.PostAsJsonAsync(Path(organization), new { email = NewAddress() }, Ct), HttpStatusCode.Conflict, "email_domain_not_allowed", Ct);
        await InviteAsync(api, organization, new { email = $"{ManagementHost.Unique("i")}@allowed.test" });
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task Inviting_tells_nothing_about_who_has_an_account()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var api = await AsAsync(organization, BuiltInRoles.Admin);
        var known = NewAddress();
        await host.UseAsync<UserService, Result<User>>(null, s => s.CreateAsync(new NewUser([new NewUserEmail(known, true)], "Known Person"), Ct));
        var shapes = new List<string>();
        foreach (var email in new[] { known, NewAddress() })
        {
            var answer = await InviteAsync(api, organization, new { email });
            var invitation = answer.GetProperty("invitation");
            shapes.Add($"{answer.GetProperty("outcome")} {string.Join(' ', invitation.EnumerateObject().Where(p => p.Name is not ("id" or "email" or "sentAt" or "expiresAt" or "createdAt" or "updatedAt")).Select(p => $"{p.Name}={p.Value}"))}");
        }

        Assert.Equal(shapes[0], shapes[1]);
    }
}

public sealed class InvitationEndpointsOnSqlite(SqliteManagement host) : InvitationEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class InvitationEndpointsOnPostgreSql(PostgreSqlManagement host) : InvitationEndpointTests(host), IClassFixture<PostgreSqlManagement>;
