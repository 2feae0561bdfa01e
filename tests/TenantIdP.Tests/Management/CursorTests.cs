using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using Xunit;

namespace TenantIdP.Tests.Management;

public sealed class CursorTests
{
    private static readonly byte[] Root = RandomNumberGenerator.GetBytes(32);
    private readonly Cursors cursors = new(new RootKeys([Root]));

    [Theory]
    [InlineData("org_01m85ggprjfjsbts0tghkhvg2w")]
    [InlineData("9223372036854775807")]
    [InlineData("")]
    [InlineData("東京")]
    public void A_position_comes_back_on_another_node_and_after_a_key_was_added(string position)
    {
        var cursor = cursors.Seal(position, "list");
        Assert.Equal(position, new Cursors(new RootKeys([RandomNumberGenerator.GetBytes(32), Root])).Open(cursor, "list").Value);
        if (position.Length > 0) Assert.DoesNotContain(position, cursor, StringComparison.Ordinal);
        Assert.Equal(Uri.EscapeDataString(cursor), cursor);
    }

    [Fact]
    [Trait("Attack", "G6")]
    public void A_cursor_opens_for_its_own_list_only()
    {
        var cursor = cursors.Seal("position", "list");
        Assert.Equal("invalid_cursor", cursors.Open(cursor, "another").Error!.Code); // refused
        Assert.Equal("invalid_cursor", new Cursors(new RootKeys([RandomNumberGenerator.GetBytes(32)])).Open(cursor, "list").Error!.Code); // refused
    }

    [Fact]
    [Trait("Attack", "G6")]
    public void A_cursor_with_any_letter_changed_cut_or_added_is_none()
    {
        var cursor = cursors.Seal("org_01m85ggprjfjsbts0tghkhvg2w", "list");
        for (var i = 0; i < cursor.Length; i++)
        {
            var other = cursor[i] == 'A' ? 'B' : 'A';
            Refused(string.Concat(cursor.AsSpan(0, i), [other], cursor.AsSpan(i + 1)));
            Refused(cursor[..i]);
            Refused(cursor.Insert(i, "A"));
        }

        Refused(cursor + "A");
        Refused(cursor + "=");
        Refused(cursor + " ");
        Refused(new string('A', 100_000));
        Refused("org_01m85ggprjfjsbts0tghkhvg2w");

        void Refused(string text) => Assert.Equal("invalid_cursor", cursors.Open(text, "list").Error?.Code);
    }
}

public abstract class PagingTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_list_is_read_page_by_page_once_each()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var added = new HashSet<string>();
        for (var i = 0; i < 5; i++) added.Add((await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct)).Membership.Id.ToString());
        using var client = host.AsOperator();
        var seen = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members?limit=2{next}", Ct);
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()!)); // every member has one
            next = page.GetProperty("next").GetString() is { } cursor ? $"&after={cursor}" : null;
            Assert.DoesNotContain(seen[^1], next ?? "", StringComparison.Ordinal);
        }

        Assert.Equal(5, seen.Count);
        Assert.Equal(added, seen.ToHashSet());
    }

    [Fact]
    [Trait("Attack", "G6")]
    public async Task A_cursor_of_another_list_organization_or_filter_and_a_plain_id_are_refused()
    {
        var (ours, theirs) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct));
        foreach (var organization in new[] { ours, ours, theirs, theirs }) await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        using var client = host.AsOperator();
        var page = await client.GetFromJsonAsync<JsonElement>($"organizations/{theirs}/members?limit=1", Ct);
        var cursor = page.GetProperty("next").GetString();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"organizations/{theirs}/members?limit=50&after={cursor}", Ct)).StatusCode);

        foreach (var path in new[] { $"organizations/{ours}/members?after={cursor}", $"organizations/{theirs}/roles?after={cursor}", $"organizations?after={cursor}", $"organizations/{theirs}/members?x=1&after={cursor}" })
            await AssertProblem.IsAsync(await client.GetAsync(path, Ct), HttpStatusCode.BadRequest, "invalid_cursor", Ct);
        var plain = page.GetProperty("data")[0].GetProperty("id").GetString();
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{theirs}/members?after={plain}", Ct), HttpStatusCode.BadRequest, "invalid_cursor", Ct);

        var people = await client.GetFromJsonAsync<JsonElement>("users?limit=1", Ct);
        await AssertProblem.IsAsync(await client.GetAsync($"users?email=a@example.test&after={people.GetProperty("next").GetString()}", Ct), HttpStatusCode.BadRequest, "invalid_cursor", Ct);
    }
}

public sealed class PagingOnSqlite(SqliteManagement host) : PagingTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class PagingOnPostgreSql(PostgreSqlManagement host) : PagingTests(host), IClassFixture<PostgreSqlManagement>;
