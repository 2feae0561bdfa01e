using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Scim.Bulk;
using TenantIdP.Scim.Responses;
using Xunit;

namespace TenantIdP.Scim.Tests.Bulk;

public sealed class BulkTests
{
    private const string Base = "https://idp.test/scim/v2/dir_1";

    private static readonly BulkLimits Limits = new(10, 64 * 1024);

    [Fact]
    public void Operations_are_done_as_sent_and_references_after_what_they_refer_to()
    {
        using var request = Read(
            """{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"Dev","members":[{"value":"bulkId:a"},{"value":"bulkId:b"},{"value":"u9"}]}}""",
            """{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}}""",
            """{"method":"PATCH","path":"/Users/u7","data":{"x":1}}""",
            """{"method":"post","path":"Users","bulkId":"b","data":{"userName":"b","manager":"bulkId:a"}}""",
            """{"method":"DELETE","path":"/Users/bulkId:a"}""");
        var run = new BulkRun(request);

        var steps = Run(run, step => new BulkOutcome(step.Method == BulkMethod.Post ? 201 : 200, $"id-{step.Index}", $"{Base}/x/{step.Index}"));

        Assert.Equal([1, 2, 3, 0, 4], steps.Select(s => s.Index));
        Assert.Equal("""{"displayName":"Dev","members":[{"value":"id-1"},{"value":"id-3"},{"value":"u9"}]}""", Text(steps[3]));
        Assert.Equal("""{"userName":"b","manager":"id-1"}""", Text(steps[2]));
        Assert.Equal(("/Users", "u7"), (steps[1].Endpoint, steps[1].Id));
        Assert.Equal(("id-1", 0), (steps[4].Id, steps[4].Data.Length));
    }

    [Fact]
    public void The_answer_is_in_the_order_of_the_request()
    {
        using var request = Read(
            """{"method":"POST","path":"/Groups","bulkId":"g","data":{"members":[{"value":"bulkId:a"}]}}""",
            """{"method":"POST","path":"/Users","bulkId":"a","data":{}}""",
            """{"method":"PUT","path":"/Users/u7","version":"W/\"3\"","data":{}}""");
        var run = new BulkRun(request);

        var steps = Run(run, step => step.Method == BulkMethod.Put ? BulkOutcome.Failed(ScimErrors.PreconditionFailed()) : new BulkOutcome(201, $"n{step.Index}", $"{Base}{step.Endpoint}/n{step.Index}", ETags.Of(1)));

        Assert.Equal("W/\"3\"", steps.Single(s => s.Method == BulkMethod.Put).Version);
        Resources.AssertJson($$"""
            {"schemas":["{{ScimUrns.BulkResponse}}"],"Operations":[
             {"method":"POST","bulkId":"g","version":"W/\"1\"","location":"{{Base}}/Groups/n0","status":"201"},
             {"method":"POST","bulkId":"a","version":"W/\"1\"","location":"{{Base}}/Users/n1","status":"201"},
             {"method":"PUT","location":"{{Base}}/Users/u7","status":"412","response":{"schemas":["{{ScimUrns.Error}}"],"detail":"The resource has changed. Read it again and send its new version in If-Match.","status":"412"} }]}
            """, Answer(run));
    }

    [Theory]
    [InlineData(null, "1 2 3", 4)]
    [InlineData(1, "", 1)]
    [InlineData(2, "1", 2)]
    [InlineData(3, "1 2 3", 4)]
    public void Errors_end_the_run_where_the_client_says(int? failOnErrors, string done, int answered)
    {
        // The first is wrong by itself; the second fails when it is done.
        using var request = Read(failOnErrors,
            """{"method":"POST","path":"/Users","data":{}}""",
            """{"method":"POST","path":"/Users","bulkId":"b","data":{}}""",
            """{"method":"PATCH","path":"/Users/1","data":{}}""",
            """{"method":"PATCH","path":"/Users/2","data":{}}""");
        var run = new BulkRun(request);

        var steps = Run(run, step => step.Index == 1 ? BulkOutcome.Failed(ScimErrors.Uniqueness("userName")) : new BulkOutcome(200));

        Assert.Equal(done, string.Join(' ', steps.Select(s => s.Index)));
        Assert.Equal(answered, Answer(run)["Operations"]!.AsArray().Count);
        Assert.Equal(failOnErrors is 1 or 2, run.IsStopped);
    }

    [Theory]
    [InlineData("""{"method":"POST","path":"/Users","data":{}}""", "invalidSyntax", "bulkId")]
    [InlineData("""{"method":"POST","path":"/Users","bulkId":"","data":{}}""", "invalidValue", "bulkId")]
    [InlineData("""{"method":"POST","path":"/Users/1","bulkId":"a","data":{}}""", "invalidSyntax", "no id")]
    [InlineData("""{"method":"PUT","path":"/Users","data":{}}""", "invalidSyntax", "needs an id")]
    [InlineData("""{"method":"PUT","path":"/Users/","data":{}}""", "invalidSyntax", "endpoint")]
    [InlineData("""{"method":"PUT","path":"/Users/1/x","data":{}}""", "invalidSyntax", "endpoint")]
    [InlineData("""{"method":"PUT","path":"/Users/1?x","data":{}}""", "invalidSyntax", "endpoint")]
    [InlineData("""{"method":"PUT","path":"","data":{}}""", "invalidSyntax", "endpoint")]
    [InlineData("""{"method":"PUT","data":{}}""", "invalidSyntax", "endpoint")]
    [InlineData("""{"method":"PUT","path":"/Users/1"}""", "invalidSyntax", "data")]
    [InlineData("""{"method":"PUT","path":"/Users/1","data":[]}""", "invalidSyntax", "data")]
    [InlineData("""{"method":"GET","path":"/Users/1"}""", "invalidSyntax", "method")]
    [InlineData("""{"method":"1","path":"/Users/1","data":{}}""", "invalidSyntax", "method")]
    [InlineData("""{"path":"/Users/1","data":{}}""", "invalidSyntax", "method")]
    [InlineData("""{"method":"PATCH","path":"/Users/1","data":{"x":["bulkId:zz"]}}""", "invalidValue", "bulkId:zz")]
    [InlineData("""{"method":"DELETE","path":"/Users/bulkId:zz"}""", "invalidValue", "bulkId:zz")]
    public void One_that_is_wrong_fails_by_itself(string operation, string type, string named)
    {
        using var request = Read(operation, """{"method":"DELETE","path":"/Users/2"}""");
        var run = new BulkRun(request);

        Assert.Equal([1], Run(run, _ => new BulkOutcome(204)).Select(s => s.Index));

        var failed = Answer(run)["Operations"]![0]!;
        Assert.Equal("400", (string?)failed["status"]);
        Assert.Equal(type, (string?)failed["response"]!["scimType"]);
        Assert.Contains(named, (string?)failed["response"]!["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public void What_depends_on_a_failure_fails_too()
    {
        using var request = Read("""{"method":"POST","path":"/Users","bulkId":"a","data":{}}""", """{"method":"PATCH","path":"/Groups/1","data":{"members":["bulkId:a"]}}""");
        var run = new BulkRun(request);

        Assert.Equal([0], Run(run, _ => BulkOutcome.Failed(ScimErrors.Uniqueness("userName"))).Select(s => s.Index));
        Assert.Equal("invalidValue", (string?)Answer(run)["Operations"]![1]!["response"]!["scimType"]);
    }

    [Fact]
    public void A_circle_that_is_not_of_members_is_a_conflict_and_the_rest_is_done()
    {
        using var request = Read(
            """{"method":"POST","path":"/Users","bulkId":"a","data":{"manager":"bulkId:b"}}""",
            """{"method":"POST","path":"/Users","bulkId":"b","data":{"manager":"bulkId:a"}}""",
            """{"method":"POST","path":"/Users","bulkId":"c","data":{"manager":"bulkId:c","members":["bulkId:c"]}}""",
            """{"method":"PATCH","path":"/Groups/1","data":{"members":["bulkId:a"]}}""",
            """{"method":"DELETE","path":"/Users/2"}""");
        var run = new BulkRun(request);

        Assert.Equal([4], Run(run, _ => new BulkOutcome(204)).Select(s => s.Index));
        Assert.Equal(["409", "409", "409", "409", "204"], Answer(run)["Operations"]!.AsArray().Select(o => (string?)o!["status"]));
    }

    [Fact]
    public void Groups_that_are_members_of_each_other_get_them_at_the_end()
    {
        using var request = Circle();
        var run = new BulkRun(request);

        var steps = Run(run, step => step.Method == BulkMethod.Post ? new BulkOutcome(201, $"id-{step.Index}", $"{Base}/Groups/id-{step.Index}", ETags.Of(1)) : new BulkOutcome(204, Version: ETags.Of(2)));

        Assert.Equal(["Post 1", "Post 0", "Post 2", "Patch 0"], steps.Select(s => $"{s.Method} {s.Index}"));
        Assert.Equal("""{"displayName":"A","members":[{"value":"id-1"},"u7"]}""", Text(steps[1]));
        Assert.Equal("""{"displayName":"B","members":["id-0"]}""", Text(steps[2]));
        Assert.Equal(("/Groups", "id-0"), (steps[3].Endpoint, steps[3].Id));
        Assert.Equal($$"""{"schemas":["{{ScimUrns.PatchOp}}"],"Operations":[{"op":"add","path":"members","value":[{"value":"id-2"}]}]}""", Text(steps[3]));
        var answers = Answer(run)["Operations"]!.AsArray();
        Assert.Equal(["201", "201", "201"], answers.Select(o => (string?)o!["status"]));
        Assert.Equal(["W/\"2\"", "W/\"1\"", "W/\"1\""], answers.Select(o => (string?)o!["version"]));
    }

    [Theory]
    [InlineData("Post 2", "no operation of this request has made it")]
    [InlineData("Patch 0", "has changed")]
    public void A_group_that_lacks_a_member_is_no_success(string failing, string why)
    {
        using var request = Circle();
        var run = new BulkRun(request);

        Run(run, step => $"{step.Method} {step.Index}" == failing ? BulkOutcome.Failed(ScimErrors.PreconditionFailed()) : new BulkOutcome(201, $"id-{step.Index}", $"{Base}/Groups/id-{step.Index}"));

        var first = Answer(run)["Operations"]![0]!;
        Assert.Contains(why, (string?)first["response"]!["detail"], StringComparison.Ordinal);
        Assert.Equal($"{Base}/Groups/id-0", (string?)first["location"]);
    }

    private static BulkRequest Circle() => Read(
        """{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"A","members":[{"value":"bulkId:b"},{"value":"bulkId:u"},"u7"]}}""",
        """{"method":"POST","path":"/Users","bulkId":"u","data":{}}""",
        """{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"B","members":["bulkId:a"]}}""");

    [Theory]
    [InlineData("{}", 400, "invalidSyntax")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"]}", 400, "invalidSyntax")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"Operations\":{}}", 400, "invalidSyntax")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"Operations\":[5]}", 400, "invalidSyntax")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"Operations\":[{\"method\":5}]}", 400, "invalidSyntax")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"failOnErrors\":0,\"Operations\":[]}", 400, "invalidValue")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"failOnErrors\":\"1\",\"Operations\":[]}", 400, "invalidValue")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"Operations\":[{\"method\":\"POST\",\"bulkId\":\"a\"},{\"method\":\"POST\",\"bulkId\":\"a\"}]}", 400, "invalidSyntax")]
    [InlineData("{\"schemas\":[\"" + ScimUrns.BulkRequest + "\"],\"Operations\":[1,2,3,4,5,6,7,8,9,10,11]}", 413, null)]
    public void What_is_unclear_is_refused_whole(string json, int status, string? type)
    {
        var error = BulkRequest.Read(Encoding.UTF8.GetBytes(json), Limits).Error;

        Assert.Equal((status, type), (error?.Status ?? 0, error?.ScimType));
    }

    [Fact]
    public void A_chain_of_a_thousand_is_ordered_in_one_pass()
    {
        var operations = Enumerable.Range(0, 1000).Select(i => $$"""{"method":"POST","path":"/Groups","bulkId":"{{i}}","data":{"members":["bulkId:{{i + 1}}"]} }""")
            .Append("""{"method":"POST","path":"/Groups","bulkId":"1000","data":{}}""").ToArray();
        using var request = BulkRequest.Read(Body(null, operations), new BulkLimits(2000, int.MaxValue)).Value!;

        Assert.Equal(Enumerable.Range(0, 1001).Reverse(), Run(new BulkRun(request), step => new BulkOutcome(201, $"{step.Index}")).Select(s => s.Index));
    }

    private static List<BulkStep> Run(BulkRun run, Func<BulkStep, BulkOutcome> doing)
    {
        var steps = new List<BulkStep>();
        while (run.TryNext(out var step))
        {
            steps.Add(step);
            run.Complete(step, doing(step));
        }

        return steps;
    }

    private static JsonNode Answer(BulkRun run) => JsonNode.Parse(ScimMessages.ToBytes(json => run.Write(json, Base)).Span)!; // an object

    private static string Text(BulkStep step) => Encoding.UTF8.GetString(step.Data.Span);

    private static BulkRequest Read(params string[] operations) => Read(null, operations);

    private static BulkRequest Read(int? failOnErrors, params string[] operations)
    {
        var read = BulkRequest.Read(Body(failOnErrors, operations), Limits);
        Assert.True(read.IsOk, read.Error?.Detail);
        return read.Value;
    }

    private static byte[] Body(int? failOnErrors, string[] operations) =>
        Encoding.UTF8.GetBytes($$"""{"schemas":["{{ScimUrns.BulkRequest}}"],"failOnErrors":{{failOnErrors?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null"}},"Operations":[{{string.Join(',', operations)}}]}""");
}
