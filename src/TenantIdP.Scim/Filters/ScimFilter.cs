using TenantIdP.Scim.Names;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Filters;

/// <summary>
/// A filter (RFC 7644 3.4.2.2) whose names exist and whose values have the right type. Chains of <c>and</c> and of <c>or</c> are one node, so that no tree is deeper than
/// <see cref="ScimLimits.MaxDepth"/> allows: visitors may recurse.
/// </summary>
public abstract class ScimFilter
{
    private protected ScimFilter()
    {
    }

    /// <summary>How many comparisons it makes of one resource or value.</summary>
    internal abstract int Size { get; }

    public abstract TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor);

    /// <summary>In the grammar of the standard; reads back as the same filter.</summary>
    public sealed override string ToString() => FilterPrinter.Print(this);
}

/// <summary>Translates a filter, to SQL for example. A translation must not say yes where <see cref="FilterEvaluator"/> says no.</summary>
public interface IScimFilterVisitor<out TResult>
{
    TResult And(AndFilter filter);

    TResult Or(OrFilter filter);

    TResult Not(NotFilter filter);

    TResult Compare(CompareFilter filter);

    TResult Present(PresentFilter filter);

    TResult ValuePath(ValuePathFilter filter);
}

/// <summary>All of at least two terms, none of which is an <see cref="AndFilter"/>.</summary>
public sealed class AndFilter : ScimFilter
{
    private AndFilter(IReadOnlyList<ScimFilter> terms) => Terms = terms;

    public IReadOnlyList<ScimFilter> Terms { get; }

    internal override int Size => Terms.Sum(t => t.Size);

    /// <summary>The conjunction; of one term it is that term.</summary>
    public static ScimFilter Of(IReadOnlyList<ScimFilter> terms) =>
        terms is [var only] ? only : new AndFilter([.. terms.SelectMany(t => t is AndFilter and ? and.Terms : [t])]);

    public override TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor) => visitor.And(this);
}

/// <summary>Any of at least two terms, none of which is an <see cref="OrFilter"/>.</summary>
public sealed class OrFilter : ScimFilter
{
    private OrFilter(IReadOnlyList<ScimFilter> terms) => Terms = terms;

    public IReadOnlyList<ScimFilter> Terms { get; }

    internal override int Size => Terms.Sum(t => t.Size);

    /// <summary>The disjunction; of one term it is that term.</summary>
    public static ScimFilter Of(IReadOnlyList<ScimFilter> terms) =>
        terms is [var only] ? only : new OrFilter([.. terms.SelectMany(t => t is OrFilter or ? or.Terms : [t])]);

    public override TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor) => visitor.Or(this);
}

public sealed class NotFilter(ScimFilter inner) : ScimFilter
{
    public ScimFilter Inner { get; } = inner;

    internal override int Size => Inner.Size;

    public override TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor) => visitor.Not(this);
}

/// <summary>
/// <c>path operator value</c>. Of a multi-valued attribute it holds when it holds for any value. <c>ne</c> holds, too, for what has no value.
/// </summary>
/// <param name="path">Never complex: <c>emails co "x"</c> was read as <c>emails.value co "x"</c>.</param>
/// <param name="value">Of the type of the path's leaf; null for the word null, only with <c>eq</c> (unassigned) and <c>ne</c> (assigned).</param>
public sealed class CompareFilter(AttributePath path, CompareOperator op, ScimValue? value) : ScimFilter
{
    public AttributePath Path { get; } = path;

    public CompareOperator Operator { get; } = op;

    public ScimValue? Value { get; } = value;

    internal override int Size => 1;

    public override TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor) => visitor.Compare(this);
}

/// <summary><c>path pr</c>: there is a value that is not empty.</summary>
public sealed class PresentFilter(AttributePath path) : ScimFilter
{
    public AttributePath Path { get; } = path;

    internal override int Size => 1;

    public override TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor) => visitor.Present(this);
}

/// <summary><c>path[inner]</c>: one and the same value satisfies all of <see cref="Inner"/>, whose paths are relative to it.</summary>
public sealed class ValuePathFilter(AttributePath path, ScimFilter inner) : ScimFilter
{
    /// <summary>A complex attribute.</summary>
    public AttributePath Path { get; } = path;

    public ScimFilter Inner { get; } = inner;

    internal override int Size => Inner.Size;

    public override TResult Accept<TResult>(IScimFilterVisitor<TResult> visitor) => visitor.ValuePath(this);
}

/// <summary>RFC 7644 table 3, without <c>pr</c>.</summary>
public enum CompareOperator
{
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    GreaterThan,
    GreaterOrEqual,
    LessThan,
    LessOrEqual,
}
