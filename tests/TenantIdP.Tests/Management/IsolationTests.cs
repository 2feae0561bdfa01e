using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Webhooks;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Directories;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>
/// Walks every operation of the served document as those who must not get through, and compares all rows of the store before and after. An operation whose parameter or
/// whose access is not known here fails: whoever adds one says how to make its object.
/// </summary>
public abstract class IsolationTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>One value for each parameter of a path, of one organization and of people and apps around it.</summary>
    private sealed class World(Dictionary<string, string> values)
    {
        public Id<Organization> Organization { get; } = Id<Organization>.Parse(values["organizationId"], null);

        public string this[string parameter] => values.TryGetValue(parameter, out var value)
            ? value
            : throw new InvalidOperationException($"The parameter '{parameter}' is new: say in {nameof(NewWorldAsync)} how its object is made.");
    }

    private async Task<World> NewWorldAsync(Id<Core.Users.User>? owner = null)
    {
        var organization = await host.NewOrganizationAsync(Ct, owner ?? await host.NewUserAsync(Ct));
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var key = ManagementHost.Unique("role");
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole(key, "Role", []), Granter.Instance, Ct))).Value!; // valid input
        var workspace = (await host.UseAsync<WorkspaceService, Result<Workspace>>(organization, s => s.CreateAsync(organization, new NewWorkspace("Workspace", null), Ct))).Value!; // valid input
        Assert.True((await host.UseAsync<WorkspaceMembers, Result<WorkspaceMemberView>>(organization, s => s.PutAsync(organization, workspace.Id, member.Membership.Id, [], Granter.Instance, null, Ct))).IsOk);
        var apiKey = (await host.UseAsync<KeyService, Result<MadeKey>>(organization, s => s.CreateAsync(organization, new KeySettings("Key", ["invoices:read"], null), null, Granter.Instance, Ct))).Value!; // valid input
        var domain = (await host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, s => s.ClaimAsync(organization, $"{ManagementHost.Unique("d")}.example.test", false, Ct))).Value!; // valid input
        var connection = (await host.UseAsync<ConnectionService, Result<Connection>>(organization,
            s => s.CreateOidcAsync(organization, new NewOidcConnection("OIDC", "https://idp.example.test", "client", "a secret of theirs"), Granter.Instance, Ct))).Value!; // valid input
        var directory = (await host.UseAsync<DirectoryService, Result<MadeDirectory>>(organization, s => s.CreateAsync(organization, DirectorySettings.Named("Directory"), null, Granter.Instance, Ct))).Value!; // valid input
        var group = await host.PushAsync(directory.Directory, Ct);
        var mapping = await host.MapAsync(directory.Directory, group, BuiltInRoles.Member, Ct);
        var pushed = await host.RowAsync(directory.Directory, member.Membership.Id, Ct);
        var webhook = (await host.UseAsync<WebhookService, Result<MadeWebhook>>(organization, s => s.CreateAsync(organization, new WebhookSettings("https://hooks.example.test/", null, ["*"]), Granter.Instance, Ct))).Value!; // valid input
        var delivery = await host.UseAsync<WebhookTurns, (WebhookOutcome, WebhookDelivery Delivery)>(
            organization, s => s.EndAsync(s.BeginTest(webhook.Endpoint), new WebhookRequest(TimeProvider.System.GetUtcNow(), "{}"), new WebhookAnswer(200, null, null, TimeSpan.Zero, null), Ct));
        var invitation = (await host.UseAsync<InvitationService, Result<InvitationResult>>(
            organization, s => s.CreateAsync(organization, new NewInvitation($"{ManagementHost.Unique("i")}@example.test", []), Granter.Instance, Ct))).Value!.Invitation!; // valid input, and nobody's address
        var request = Core.Joining.JoinRequest.Ask(organization, await host.NewUserAsync(Ct), "jane@example.test", TimeProvider.System.GetUtcNow());
        var trace = SignInTrace.Of(organization, connection.Id, ManagementHost.Unique("trace"), TraceOutcome.Refused, "code", "Summary.", [], TimeProvider.System.GetUtcNow());
        var now = TimeProvider.System.GetUtcNow();
        var identity = Core.Users.UserIdentity.Link(member.Membership.UserId, connection, connection.Issuer, ManagementHost.Unique("subject"), "test", now);
        var (session, _) = Core.Sessions.Session.Start(member.Membership.UserId, Core.Sessions.SessionProof.Password(now), TimeSpan.FromDays(1), null, now);
        var email = await host.ReadAsync(null, db => db.UserEmails.Where(e => e.UserId == member.Membership.UserId).Select(e => e.Id).FirstAsync(Ct));
        var message = await host.UseAsync<OutboxWriter, OutboxMessage>(null, writer => Task.FromResult(writer.Add(new NewOutboxMessage("test", "test:k", "test", new { }))));
        var slug = await host.ReadAsync(organization, async db =>
        {
            db.OutboxMessages.Add(message);
            db.SignInTraces.Add(trace);
            db.JoinRequests.Add(request);
            db.UserIdentities.Add(identity);
            db.Sessions.Add(session);
            await db.SaveChangesAsync(Ct);
            return (await db.Organizations.SingleAsync(o => o.Id == organization, Ct)).Slug.Value;
        });
        using var client = host.AsOperator();
        var app = await CreateAsync(client, "apps", """{"displayName":"Site","kind":"web","redirectUris":["https://site.example.test/cb"],"scopes":["openid"]}""");
        var set = await CreateAsync(client, "role-sets", """{"displayName":"Basic","roles":["admin"]}""");
        var api = await CreateAsync(client, "apis", $$"""{"identifier":"https://{{ManagementHost.Unique("api")}}.example.test","displayName":"API"}""");
        return new World(new Dictionary<string, string>
        {
            ["organizationId"] = organization.ToString(), ["memberId"] = member.Membership.Id.ToString(), ["roleId"] = role.Id.ToString(), ["roleKey"] = key, ["workspaceId"] = workspace.Id.ToString(), ["keyId"] = apiKey.Key.Id.ToString(), ["domainId"] = domain.Id.ToString(), ["joinRequestId"] = request.Id.ToString(),
            ["invitationId"] = invitation.Id.ToString(), ["connectionId"] = connection.Id.ToString(), ["signInTraceId"] = trace.Id.ToString(), ["userId"] = member.Membership.UserId.ToString(), ["slug"] = slug, ["externalId"] = "customer-42",
            ["webhookId"] = webhook.Endpoint.Id.ToString(), ["directoryId"] = directory.Directory.Id.ToString(), ["directoryUserId"] = pushed.Id.ToString(), ["groupId"] = group.Id.ToString(), ["mappingId"] = mapping.Id.ToString(), ["tokenId"] = directory.Token.Token.Id.ToString(), ["deliveryId"] = delivery.Delivery.Id.ToString(), ["emailId"] = email.ToString(), ["identityId"] = identity.Id.ToString(), ["sessionId"] = session.Id.ToString(), ["messageId"] = message.Id.ToString(),
            ["appId"] = app.GetProperty("app").GetProperty("id").GetString()!, ["secretId"] = host.Apps.Secrets.Values.First(kept => kept.Count > 0)[0].Id.ToString(), ["apiId"] = api.GetProperty("id").GetString()!, ["roleSetId"] = set.GetProperty("id").GetString()!, // created objects have ids
        });
    }

    private static async Task<JsonElement> CreateAsync(HttpClient client, string path, string body)
    {
        using var answer = await client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, ApiOperation operation, Func<string, string> value)
    {
        using var request = new HttpRequestMessage(new HttpMethod(operation.Method), operation.Fill(value));
        if (operation.Body is { } body) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.SendAsync(request, Ct);
    }

    private async Task<IReadOnlyList<ApiOperation>> OperationsAsync()
    {
        var operations = (await ApiDocument.ReadAsync(host, Ct)).Operations.ToList();
        Assert.True(operations.Count > 40, $"{operations.Count} operations");
        Assert.All(operations, o => Assert.True(o.Access is "instance" or "organization" or "user", $"{o} has an access that this walk does not know: {o.Access}."));
        return operations;
    }

    /// <summary>The whole store, every tenant's rows included, as text.</summary>
    private Task<SortedSet<string>> DumpAsync() => host.ReadAsync(null, async db =>
    {
        var rows = new SortedSet<string>(StringComparer.Ordinal);
        var dump = typeof(IsolationTests).GetMethod(nameof(DumpAsync), BindingFlags.Static | BindingFlags.NonPublic, [typeof(IdpDbContext), typeof(SortedSet<string>)])!; // below
        foreach (var type in db.Model.GetEntityTypes().Where(t => !t.IsOwned())) await (Task)dump.MakeGenericMethod(type.ClrType).Invoke(null, [db, rows])!; // it answers a task
        foreach (var app in (await host.Apps.ListAsync(new PageRequest(PageRequest.MaxLimit, null), Ct)).Items) rows.Add($"app {JsonSerializer.Serialize(app, app.GetType())}");
        return rows;
    });

    private static async Task DumpAsync<T>(IdpDbContext db, SortedSet<string> rows) where T : class
    {
        foreach (var row in await db.Set<T>().IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().ToListAsync(Ct))
            rows.Add($"{typeof(T).Name} {string.Join(", ", db.Entry(row).Properties.Select(p => $"{p.Metadata.Name}={JsonSerializer.Serialize(p.CurrentValue)}"))}");
    }

    private async Task NothingChangesAsync(Func<Task> walk)
    {
        var before = await DumpAsync();
        Assert.True(before.Count > 20, $"{before.Count} rows");
        await walk();
        var after = await DumpAsync();
        Assert.Empty(before.Except(after));
        Assert.Empty(after.Except(before));
    }

    [Fact]
    [Trait("Attack", "B9")]
    public async Task Without_a_token_or_with_one_for_another_api_nothing_answers_and_nothing_changes()
    {
        var (operations, world, owner) = (await OperationsAsync(), await NewWorldAsync(), await host.NewUserAsync(Ct));
        var own = await NewWorldAsync(owner);
        using var nobody = host.Client();
        using var elsewhere = await host.AsUserAsync(owner, own.Organization, Ct, "https://api.example.test");
        using var nonsense = host.Client("nonsense");
        await NothingChangesAsync(async () =>
        {
            foreach (var operation in operations)
            {
                using (var answer = await SendAsync(nobody, operation, p => world[p])) await AssertProblem.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthenticated", Ct);
                using (var answer = await SendAsync(nonsense, operation, p => world[p])) await AssertProblem.IsAsync(answer, HttpStatusCode.Unauthorized, "invalid_token", Ct);
                if (operation.Access == "user") continue; // a person asks about themselves with any token
                using (var answer = await SendAsync(elsewhere, operation, p => own[p])) await AssertProblem.IsAsync(answer, HttpStatusCode.Unauthorized, "invalid_token", Ct);
            }
        });
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_foreign_key_opens_nothing_and_changes_nothing()
    {
        var (operations, world) = (await OperationsAsync(), await NewWorldAsync());
        using var unscoped = host.Client(host.Tokens.Issue(new AccessTokenFacts("app_x", null, null, null, "", [$"{ManagementHost.Issuer}/api/v1"], ["openid"])));
        await NothingChangesAsync(async () =>
        {
            foreach (var operation in operations)
            {
                using var answer = await SendAsync(unscoped, operation, p => world[p]);
                await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, operation.Access == "user" ? "user_required" : "scope_missing", Ct);
            }
        });
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_foreign_organization_is_not_there_for_any_role_and_does_not_change()
    {
        var (operations, foreign) = (await OperationsAsync(), await NewWorldAsync());
        var own = await NewWorldAsync();
        foreach (var (role, _, _) in BuiltInRoles.All)
        {
            var member = await host.NewMemberAsync(own.Organization, role, Ct);
            using var client = await host.AsUserAsync(member.Membership.UserId, own.Organization, Ct);
            await NothingChangesAsync(async () =>
            {
                foreach (var operation in operations.Where(o => o.PathParameters.Count > 0))
                {
                    using var answer = await SendAsync(client, operation, p => foreign[p]);
                    if (operation.PathParameters.Contains("organizationId")) await AssertProblem.IsAsync(answer, HttpStatusCode.NotFound, "organization_not_found", Ct);
                    else await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, "operator_required", Ct);
                }
            });
        }
    }

    /// <summary>The caller may do everything here: what keeps the object away is that it is another's.</summary>
    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_foreign_object_under_the_own_organization_is_not_there_and_does_not_change()
    {
        var (operations, foreign, owner) = (await OperationsAsync(), await NewWorldAsync(), await host.NewUserAsync(Ct));
        var own = await NewWorldAsync(owner);
        using var person = await host.AsUserAsync(owner, own.Organization, Ct);
        using var instance = host.AsOperator();
        var walked = 0;
        foreach (var client in new[] { person, instance })
        {
            await NothingChangesAsync(async () =>
            {
                foreach (var operation in operations.Where(o => o.PathParameters.Contains("organizationId") && (client == instance || o.Access == "organization")))
                {
                    foreach (var other in operation.PathParameters.Where(p => p != "organizationId"))
                    {
                        using var answer = await SendAsync(client, operation, p => p == other ? foreign[p] : own[p]);
                        var text = await answer.Content.ReadAsStringAsync(Ct);
                        Assert.True(answer.StatusCode == HttpStatusCode.NotFound, $"{operation} with a foreign {other}: {(int)answer.StatusCode} {text}");
                        Assert.DoesNotContain("organization_not_found", text, StringComparison.Ordinal);
                        walked++;
                    }
                }
            });
        }

        Assert.True(walked > 40, $"{walked} calls");
    }

    [Fact]
    [Trait("Attack", "B9")]
    public async Task A_role_without_the_permission_is_refused_by_its_name_and_changes_nothing()
    {
        var (operations, own) = (await OperationsAsync(), await NewWorldAsync());
        foreach (var (role, _, permissions) in BuiltInRoles.All)
        {
            var member = await host.NewMemberAsync(own.Organization, role, Ct);
            using var client = await host.AsUserAsync(member.Membership.UserId, own.Organization, Ct);
            await NothingChangesAsync(async () =>
            {
                foreach (var operation in operations.Where(o => o.Access == "instance" || (o.Access == "organization" && !permissions.Contains(o.Permission))))
                {
                    using var answer = await SendAsync(client, operation, p => own[p]);
                    await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, operation.Access == "instance" ? "operator_required" : "permission_missing", Ct);
                }
            });
        }
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task An_app_of_one_organization_opens_no_other_and_nothing_that_it_was_not_granted()
    {
        var (operations, foreign, own) = (await OperationsAsync(), await NewWorldAsync(), await NewWorldAsync());
        var app = (await host.UseAsync<AppService, Result<CreatedApp>>(null, s => s.CreateAsync(new NewApp("Job", AppKind.Machine), Ct))).Value!.App.Id; // valid input
        await host.UseAsync<AppGrantService, Result<AppGrant>>(own.Organization, s => s.GrantAsync(own.Organization, app, ["invoices:read"], Granter.Instance, null, Ct));
        using var client = host.Client(host.Tokens.Issue(new AccessTokenFacts(app.ToString(), null, null, own.Organization, "", [$"{ManagementHost.Issuer}/api/v1"], ["management"])));
        await OfOneOrganizationAsync(client, operations, own, foreign);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_key_opens_no_other_organization_and_nothing_that_it_was_not_given()
    {
        var (operations, foreign, own) = (await OperationsAsync(), await NewWorldAsync(), await NewWorldAsync());
        var key = (await host.UseAsync<KeyService, Result<MadeKey>>(own.Organization, s => s.CreateAsync(own.Organization, new KeySettings("Key", ["invoices:read"], null), null, Granter.Instance, Ct))).Value!; // valid input
        using var client = host.Client(key.Secret);
        await OfOneOrganizationAsync(client, operations, own, foreign);
    }

    /// <summary>A caller that acts in one organization for itself, and was given there what no operation asks for.</summary>
    private async Task OfOneOrganizationAsync(HttpClient client, IReadOnlyList<ApiOperation> operations, World own, World foreign) =>
        await NothingChangesAsync(async () =>
        {
            foreach (var operation in operations)
            {
                var refusal = operation.Access switch { "user" => "user_required", "instance" => "operator_required", _ => "permission_missing" };
                using (var answer = await SendAsync(client, operation, p => own[p])) await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, refusal, Ct);
                if (!operation.PathParameters.Contains("organizationId")) continue;
                using (var answer = await SendAsync(client, operation, p => foreign[p])) await AssertProblem.IsAsync(answer, HttpStatusCode.NotFound, "organization_not_found", Ct);
            }
        });

    [Fact]
    [Trait("Attack", "B9")]
    public async Task Tricks_with_the_path_lead_to_no_other_operation()
    {
        var (foreign, owner) = (await NewWorldAsync(), await host.NewUserAsync(Ct));
        var own = await NewWorldAsync(owner);
        using var client = await host.AsUserAsync(owner, own.Organization, Ct);
        using var bare = new HttpClient { DefaultRequestHeaders = { Authorization = client.DefaultRequestHeaders.Authorization } };
        string[] tricks =
        [
            $"organizations/{own["organizationId"]}/../{foreign["organizationId"]}/members", $"organizations/{own["organizationId"]}%2f..%2f{foreign["organizationId"]}/members",
            $"organizations/{own["organizationId"]}/%2e%2e/{foreign["organizationId"]}/members", $"ORGANIZATIONS/{foreign["organizationId"]}/MEMBERS", $"organizations//{foreign["organizationId"]}/members",
            $"organizations/{foreign["organizationId"].ToUpperInvariant()}/members", $"organizations/{foreign["organizationId"]}/members/", $"organizations/{foreign["organizationId"]};/members",
            $"organizations/{own["organizationId"]}/members/{foreign["memberId"]}?organizationId={foreign["organizationId"]}", $"organizations/{foreign["organizationId"]}/members?organizationId={own["organizationId"]}",
        ];
        await NothingChangesAsync(async () =>
        {
            foreach (var trick in tricks)
            {
                foreach (var method in new[] { HttpMethod.Get, HttpMethod.Delete })
                {
                    var address = new Uri($"{host.Url.GetLeftPart(UriPartial.Authority)}/api/v1/{trick}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
                    using var answer = await bare.SendAsync(new HttpRequestMessage(method, address), Ct);
                    Assert.True((int)answer.StatusCode is 400 or 404 or 405, $"{method} {trick}: {(int)answer.StatusCode}");
                }
            }
        });
    }
}

public sealed class IsolationOnSqlite(SqliteManagement host) : IsolationTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class IsolationOnPostgreSql(PostgreSqlManagement host) : IsolationTests(host), IClassFixture<PostgreSqlManagement>;
